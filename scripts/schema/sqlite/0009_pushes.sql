-- SPDX-License-Identifier: MIT
-- Pushes: their keys and attempts.
-- Times are milliseconds since 1970 UTC.

-- push_key: a UUID, the same at each attempt, by which the receiver tells a repetition; rows that are written without
-- one get it by the trigger.
-- due_at is moved ahead by who takes a row to send it, so that it is taken again when he died; holder: who that is.
-- receipt: how the push service calls what it sent.
-- A broadcast goes to the users up to last_user, in batches: up to cursor_user they were told, up to batch_to they are
-- being told, under a key of their own that is made from push_key and batch_to.
ALTER TABLE push_outbox ADD COLUMN push_key TEXT;
ALTER TABLE push_outbox ADD COLUMN holder TEXT;
ALTER TABLE push_outbox ADD COLUMN receipt TEXT;
ALTER TABLE push_outbox ADD COLUMN cursor_user INTEGER NOT NULL DEFAULT 0;
ALTER TABLE push_outbox ADD COLUMN batch_to INTEGER;
ALTER TABLE push_outbox ADD COLUMN last_user INTEGER;

CREATE TRIGGER push_outbox_key_made AFTER INSERT ON push_outbox WHEN NEW.push_key IS NULL
BEGIN
    UPDATE push_outbox SET push_key = lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' ||
        substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))
    WHERE id = NEW.id;
END;

UPDATE push_outbox SET push_key = lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' ||
    substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)));

CREATE UNIQUE INDEX push_outbox_key ON push_outbox (push_key);
CREATE INDEX push_outbox_waiting ON push_outbox (created_at) WHERE sent_at IS NULL AND gave_up_at IS NULL;

-- The push service said that it doesn't know the player id any more. The app may come back under the same one: then
-- last_token_at is later.
ALTER TABLE app_users ADD COLUMN player_gone_at INTEGER;
