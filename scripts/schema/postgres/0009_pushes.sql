-- SPDX-License-Identifier: MIT
-- Pushes: their keys and attempts.

-- push_key: a UUID, the same at each attempt, by which the receiver tells a repetition.
-- due_at is moved ahead by who takes a row to send it, so that another one takes it when he died; holder: who that is.
-- receipt: how the push service calls what it sent.
-- A broadcast goes to the users up to last_user, in batches: up to cursor_user they were told, up to batch_to they are
-- being told, under a key of their own that is made from push_key and batch_to.
ALTER TABLE push_outbox
    ADD COLUMN push_key text COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text,
    ADD COLUMN holder text COLLATE "C",
    ADD COLUMN receipt text,
    ADD COLUMN cursor_user bigint NOT NULL DEFAULT 0,
    ADD COLUMN batch_to bigint,
    ADD COLUMN last_user bigint;

CREATE UNIQUE INDEX push_outbox_key ON push_outbox (push_key);
CREATE INDEX push_outbox_waiting ON push_outbox (created_at) WHERE sent_at IS NULL AND gave_up_at IS NULL;

-- The push service said that it doesn't know the player id any more. The app may come back under the same one: then
-- last_token_at is later.
ALTER TABLE app_users ADD COLUMN player_gone_at timestamptz;
