-- SPDX-License-Identifier: MIT
-- The app's users and what is theirs; notices; pushes that wait to be sent.
-- Times are milliseconds since 1970 UTC.

-- app_player: the push service's id of the app's installation, the only name that a user has.
-- token_version: tokens that name another one are refused; see api/auth.h.
CREATE TABLE app_users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_player TEXT NOT NULL UNIQUE,
    alarm_status INTEGER NOT NULL DEFAULT 1,
    max_push_count INTEGER NOT NULL DEFAULT 1,
    token_version INTEGER NOT NULL DEFAULT 0,
    last_token_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- One row for each device that keeps a refresh token of /v3. Tokens are kept as SHA-256 in hex.
-- previous_hash: the one that refresh_hash replaced; whoever shows it again has a stolen one.
CREATE TABLE app_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_user_id INTEGER NOT NULL REFERENCES app_users (id) ON DELETE CASCADE,
    refresh_hash TEXT NOT NULL UNIQUE,
    previous_hash TEXT,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX app_sessions_user ON app_sessions (app_user_id, id);
CREATE INDEX app_sessions_previous ON app_sessions (previous_hash) WHERE previous_hash IS NOT NULL;

CREATE TABLE book_marks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_user_id INTEGER NOT NULL REFERENCES app_users (id) ON DELETE CASCADE,
    deal_id INTEGER NOT NULL REFERENCES deals (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    UNIQUE (app_user_id, deal_id)
) STRICT;

CREATE INDEX book_marks_newest ON book_marks (app_user_id, id DESC);
CREATE INDEX book_marks_deal ON book_marks (deal_id);

CREATE TABLE keyword_alarms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_user_id INTEGER NOT NULL REFERENCES app_users (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (app_user_id, title)
) STRICT;

-- What a user was told of: one row for each deal, whichever keyword found it first.
CREATE TABLE keyword_pushalarm_lists (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_user_id INTEGER NOT NULL REFERENCES app_users (id) ON DELETE CASCADE,
    deal_id INTEGER NOT NULL REFERENCES deals (id) ON DELETE CASCADE,
    keyword_title TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (app_user_id, deal_id)
) STRICT;

CREATE INDEX keyword_pushalarm_lists_newest ON keyword_pushalarm_lists (app_user_id, id DESC);
CREATE INDEX keyword_pushalarm_lists_deal ON keyword_pushalarm_lists (deal_id);

CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    category TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX notices_newest ON notices (created_at DESC, id DESC);

-- Pushes that wait to be sent. kind broadcast: to every user, app_user_id is NULL.
-- due_at moves on with each try that failed; what will never be tried again has gave_up_at.
CREATE TABLE push_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    app_user_id INTEGER REFERENCES app_users (id) ON DELETE CASCADE,
    headings TEXT NOT NULL,
    contents TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    sent_at INTEGER,
    gave_up_at INTEGER
) STRICT;

CREATE INDEX push_outbox_due ON push_outbox (due_at, id) WHERE sent_at IS NULL AND gave_up_at IS NULL;
CREATE INDEX push_outbox_broadcasts ON push_outbox (created_at) WHERE kind = 'broadcast';
