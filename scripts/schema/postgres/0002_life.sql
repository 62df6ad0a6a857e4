-- SPDX-License-Identifier: MIT
-- The life of a deal; the same deal on several boards; notes for drift, silence and status.

-- by_post: which values a post page gave, as bits: 1 title, 2 redirect_url, 4 image_url, 8 mall,
-- 16 category, 32 price, 64 posted_at, 128 is_sold_out. (256: not known when the deal was new.)
-- title_stem: what a list that cuts titles last showed, without its "...".
-- absent_at: the first 404 or 410 of the alive check, until the deal is seen again.
ALTER TABLE deals
    ADD COLUMN by_post integer NOT NULL DEFAULT 0,
    ADD COLUMN title_is_cut boolean NOT NULL DEFAULT false,
    ADD COLUMN title_stem text COLLATE "C",
    ADD COLUMN posted_is_coarse boolean NOT NULL DEFAULT false,
    ADD COLUMN shop_key text COLLATE "C",
    ADD COLUMN post_read_at timestamptz,
    ADD COLUMN alive_checked_at timestamptz NOT NULL DEFAULT 'epoch',
    ADD COLUMN absent_at timestamptz;

UPDATE deals SET posted_is_coarse = true WHERE date_trunc('minute', posted_at) = posted_at;

-- None of these holds a column that a crawl without news writes.
CREATE INDEX deals_shop ON deals (shop_key, sort_at DESC) WHERE shop_key IS NOT NULL;
CREATE INDEX deals_alive ON deals (site, alive_checked_at, sort_at DESC);

-- kinds of deal_events more: title_completed deleted undeleted

ALTER TABLE runs ADD COLUMN rows_filled integer NOT NULL DEFAULT 0;
CREATE INDEX runs_site ON runs (site, id DESC);

CREATE TABLE field_runs (
    site text COLLATE "C" NOT NULL,
    layout text COLLATE "C" NOT NULL,
    is_good boolean NOT NULL,
    run_id bigint NOT NULL,
    at timestamptz NOT NULL,
    rows_seen integer NOT NULL,
    PRIMARY KEY (site, layout, is_good, run_id)
);

CREATE TABLE field_stats (
    site text COLLATE "C" NOT NULL,
    layout text COLLATE "C" NOT NULL,
    is_good boolean NOT NULL,
    run_id bigint NOT NULL,
    field text COLLATE "C" NOT NULL,
    matched integer NOT NULL,
    valued integer NOT NULL,
    many integer NOT NULL,
    same integer NOT NULL,
    PRIMARY KEY (site, layout, is_good, run_id, field),
    FOREIGN KEY (site, layout, is_good, run_id) REFERENCES field_runs ON DELETE CASCADE
);

CREATE TABLE site_state (
    site text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (site, name)
);

CREATE TABLE reports (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    text text NOT NULL,
    detail text,
    opened_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    closed_at timestamptz,
    times integer NOT NULL DEFAULT 1
);

CREATE UNIQUE INDEX reports_open ON reports (site, kind) WHERE closed_at IS NULL;
