-- SPDX-License-Identifier: MIT
-- Deals, what happened to them, and the ledger of runs.
-- Prices are hundredths of the currency's unit.

CREATE TABLE schema_version (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- product_id is DEFERRABLE on purpose: an immediate unique index that is not the one ON CONFLICT
-- names makes two engines that insert the same deal at the same moment fail; a deferrable one lets
-- ON CONFLICT decide first.
-- Counters change every hour and are in no index: the free space lets those updates stay on their
-- page.
CREATE TABLE deals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site text COLLATE "C" NOT NULL,
    website text NOT NULL,
    post_key text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    title text NOT NULL,
    url text NOT NULL,
    redirect_url text,
    image_url text,
    mall text,
    category text,
    currency text,
    price_e2 bigint,
    posted_at timestamptz,
    view_count bigint,
    comment_count bigint,
    like_count bigint,
    score bigint,
    is_sold_out boolean NOT NULL,
    is_deleted boolean NOT NULL DEFAULT false,
    is_title_changed boolean NOT NULL DEFAULT false,
    sort_at timestamptz NOT NULL,    -- fixed at insert: posted_at or first seen
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL, -- of the last change; counters are no change
    last_change integer NOT NULL,    -- bits of what the last write did, for that write's own events
    UNIQUE (site, post_key),
    UNIQUE (product_id) DEFERRABLE INITIALLY IMMEDIATE
) WITH (fillfactor = 85);

CREATE INDEX deals_newest ON deals (sort_at DESC, id DESC);
CREATE INDEX deals_site_newest ON deals (site, sort_at DESC, id DESC);

-- kind: created title url redirect_url image price mall category posted_at sold_out back
--       (deleted and undeleted come with the alive check)
-- run_id is no foreign key: events and runs are kept for different times.
CREATE TABLE deal_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deal_id bigint NOT NULL REFERENCES deals (id) ON DELETE CASCADE,
    run_id bigint,
    kind text COLLATE "C" NOT NULL,
    old_value text,
    new_value text,
    at timestamptz NOT NULL
);

CREATE INDEX deal_events_deal ON deal_events (deal_id, id);

CREATE TABLE runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    engine text COLLATE "C" NOT NULL,
    site text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    due_at timestamptz,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    reason text COLLATE "C" NOT NULL,
    detail text,
    pages integer NOT NULL DEFAULT 0,
    pages_failed integer NOT NULL DEFAULT 0,
    rows_seen integer NOT NULL DEFAULT 0,
    rows_added integer NOT NULL DEFAULT 0,
    rows_changed integer NOT NULL DEFAULT 0,
    rows_same integer NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    cpu_ms bigint NOT NULL DEFAULT 0,
    peak_pss_bytes bigint NOT NULL DEFAULT 0,
    gb_ms bigint NOT NULL DEFAULT 0
);

CREATE INDEX runs_due ON runs (site, kind, due_at DESC);
CREATE INDEX runs_running ON runs (engine) WHERE reason = 'running';
