-- SPDX-License-Identifier: MIT
-- The app's users and what is theirs; notices; pushes that wait to be sent.

-- app_player: the push service's id of the app's installation, the only name that a user has.
-- token_version: tokens that name another one are refused; see api/auth.h.
CREATE TABLE app_users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_player text COLLATE "C" NOT NULL UNIQUE,
    alarm_status boolean NOT NULL DEFAULT true,
    max_push_count integer NOT NULL DEFAULT 1,
    token_version integer NOT NULL DEFAULT 0,
    last_token_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 85);

-- One row for each device that keeps a refresh token of /v3. Tokens are kept as SHA-256 in hex.
-- previous_hash: the one that refresh_hash replaced; whoever shows it again has a stolen one.
CREATE TABLE app_sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_user_id bigint NOT NULL REFERENCES app_users (id) ON DELETE CASCADE,
    refresh_hash text COLLATE "C" NOT NULL UNIQUE,
    previous_hash text COLLATE "C",
    created_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX app_sessions_user ON app_sessions (app_user_id, id);
CREATE INDEX app_sessions_previous ON app_sessions (previous_hash) WHERE previous_hash IS NOT NULL;

CREATE TABLE book_marks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_user_id bigint NOT NULL REFERENCES app_users (id) ON DELETE CASCADE,
    deal_id bigint NOT NULL REFERENCES deals (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    UNIQUE (app_user_id, deal_id)
);

CREATE INDEX book_marks_newest ON book_marks (app_user_id, id DESC);
CREATE INDEX book_marks_deal ON book_marks (deal_id);

CREATE TABLE keyword_alarms (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_user_id bigint NOT NULL REFERENCES app_users (id) ON DELETE CASCADE,
    title text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (app_user_id, title)
);

-- What a user was told of: one row for each deal, whichever keyword found it first.
CREATE TABLE keyword_pushalarm_lists (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_user_id bigint NOT NULL REFERENCES app_users (id) ON DELETE CASCADE,
    deal_id bigint NOT NULL REFERENCES deals (id) ON DELETE CASCADE,
    keyword_title text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (app_user_id, deal_id)
);

CREATE INDEX keyword_pushalarm_lists_newest ON keyword_pushalarm_lists (app_user_id, id DESC);
CREATE INDEX keyword_pushalarm_lists_deal ON keyword_pushalarm_lists (deal_id);

CREATE TABLE notices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    category text NOT NULL,
    content text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX notices_newest ON notices (created_at DESC, id DESC);

-- Pushes that wait to be sent. kind broadcast: to every user, app_user_id is NULL.
-- due_at moves on with each try that failed; what will never be tried again has gave_up_at.
CREATE TABLE push_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    app_user_id bigint REFERENCES app_users (id) ON DELETE CASCADE,
    headings text NOT NULL,
    contents text NOT NULL,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    last_error text,
    sent_at timestamptz,
    gave_up_at timestamptz
);

CREATE INDEX push_outbox_due ON push_outbox (due_at, id) WHERE sent_at IS NULL AND gave_up_at IS NULL;
CREATE INDEX push_outbox_broadcasts ON push_outbox (created_at) WHERE kind = 'broadcast';
