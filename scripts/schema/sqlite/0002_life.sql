-- SPDX-License-Identifier: MIT
-- The life of a deal; the same deal on several boards; notes for drift, silence and status.

-- by_post: which values a post page gave, as bits: 1 title, 2 redirect_url, 4 image_url, 8 mall,
-- 16 category, 32 price, 64 posted_at, 128 is_sold_out. (256: not known when the deal was new.)
-- title_stem: what a list that cuts titles last showed, without its "...".
-- absent_at: the first 404 or 410 of the alive check, until the deal is seen again.
ALTER TABLE deals ADD COLUMN by_post INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deals ADD COLUMN title_is_cut INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deals ADD COLUMN title_stem TEXT;
ALTER TABLE deals ADD COLUMN posted_is_coarse INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deals ADD COLUMN shop_key TEXT;
ALTER TABLE deals ADD COLUMN post_read_at INTEGER;
ALTER TABLE deals ADD COLUMN alive_checked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deals ADD COLUMN absent_at INTEGER;

UPDATE deals SET posted_is_coarse = 1 WHERE posted_at % 60000 = 0;

CREATE INDEX deals_shop ON deals (shop_key, sort_at DESC) WHERE shop_key IS NOT NULL;
CREATE INDEX deals_alive ON deals (site, alive_checked_at, sort_at DESC);

-- kinds of deal_events more: title_completed deleted undeleted

ALTER TABLE runs ADD COLUMN rows_filled INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_site ON runs (site, id DESC);

CREATE TABLE field_runs (
    site TEXT NOT NULL,
    layout TEXT NOT NULL,
    is_good INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    rows_seen INTEGER NOT NULL,
    PRIMARY KEY (site, layout, is_good, run_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE field_stats (
    site TEXT NOT NULL,
    layout TEXT NOT NULL,
    is_good INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    field TEXT NOT NULL,
    matched INTEGER NOT NULL,
    valued INTEGER NOT NULL,
    many INTEGER NOT NULL,
    same INTEGER NOT NULL,
    PRIMARY KEY (site, layout, is_good, run_id, field),
    FOREIGN KEY (site, layout, is_good, run_id) REFERENCES field_runs ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE site_state (
    site TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (site, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    detail TEXT,
    opened_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    closed_at INTEGER,
    times INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE UNIQUE INDEX reports_open ON reports (site, kind) WHERE closed_at IS NULL;
