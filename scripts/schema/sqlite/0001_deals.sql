-- SPDX-License-Identifier: MIT
-- Deals, what happened to them, and the ledger of runs.
-- Times are milliseconds since 1970 UTC; prices are hundredths of the currency's unit.

CREATE TABLE schema_version (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;

-- AUTOINCREMENT: an id is never given out twice, so that cursors and event readers can trust it.
CREATE TABLE deals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL,
    website TEXT NOT NULL,
    post_key TEXT NOT NULL,
    product_id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    url TEXT NOT NULL,
    redirect_url TEXT,
    image_url TEXT,
    mall TEXT,
    category TEXT,
    currency TEXT,
    price_e2 INTEGER,
    posted_at INTEGER,
    view_count INTEGER,
    comment_count INTEGER,
    like_count INTEGER,
    score INTEGER,
    is_sold_out INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL DEFAULT 0,
    is_title_changed INTEGER NOT NULL DEFAULT 0,
    sort_at INTEGER NOT NULL,    -- fixed at insert: posted_at or first seen
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, -- of the last change; counters are no change
    UNIQUE (site, post_key)
) STRICT;

CREATE INDEX deals_newest ON deals (sort_at DESC, id DESC);
CREATE INDEX deals_site_newest ON deals (site, sort_at DESC, id DESC);

-- kind: created title url redirect_url image price mall category posted_at sold_out back
--       (deleted and undeleted come with the alive check)
-- run_id is no foreign key: events and runs are kept for different times.
CREATE TABLE deal_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    deal_id INTEGER NOT NULL REFERENCES deals (id) ON DELETE CASCADE,
    run_id INTEGER,
    kind TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT,
    at INTEGER NOT NULL
) STRICT;

CREATE INDEX deal_events_deal ON deal_events (deal_id, id);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    engine TEXT NOT NULL,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    due_at INTEGER,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    reason TEXT NOT NULL,
    detail TEXT,
    pages INTEGER NOT NULL DEFAULT 0,
    pages_failed INTEGER NOT NULL DEFAULT 0,
    rows_seen INTEGER NOT NULL DEFAULT 0,
    rows_added INTEGER NOT NULL DEFAULT 0,
    rows_changed INTEGER NOT NULL DEFAULT 0,
    rows_same INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    cpu_ms INTEGER NOT NULL DEFAULT 0,
    peak_pss_bytes INTEGER NOT NULL DEFAULT 0,
    gb_ms INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX runs_due ON runs (site, kind, due_at DESC);
CREATE INDEX runs_running ON runs (engine) WHERE reason = 'running';
