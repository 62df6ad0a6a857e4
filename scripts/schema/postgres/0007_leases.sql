-- SPDX-License-Identifier: MIT
-- Runs that are due, and hosts, as several engines divide them. Every moment is of the database's clock.

-- due_at: the latest due time that an engine told of; done_due_at: the latest that was done. The run is
-- due while the first is later. Whoever takes it counts number up; it is theirs until `until`.
CREATE TABLE run_leases (
    site text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    due_at timestamptz NOT NULL,
    done_due_at timestamptz,
    holder text COLLATE "C",
    number bigint NOT NULL DEFAULT 0,
    until timestamptz,
    PRIMARY KEY (site, kind)
) WITH (fillfactor = 50);

-- The lease under which a run was done; NULL: none was needed.
ALTER TABLE runs ADD COLUMN lease bigint;

-- Refuses what is written under a lease that another engine has taken over, and keeps the lease from being
-- taken over until the caller's transaction ends. NULLs: there is no lease, which is right.
-- FOR KEY SHARE is stopped by the FOR UPDATE of whoever takes over, and does not stop a renewal.
CREATE FUNCTION lease_hold(of_site text, of_kind text, of_number bigint) RETURNS boolean
LANGUAGE plpgsql STRICT AS $hold$
BEGIN
    PERFORM FROM run_leases l
        WHERE l.site = of_site AND l.kind = of_kind AND l.number = of_number FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another engine has taken over % of %', of_kind, of_site USING ERRCODE = 'CD001';
    END IF;
    RETURN true;
END
$hold$;

-- One page at a time of a host, over all engines. released_at: of the last page; next_at: the pause that it
-- wanted behind it; away_until: the host's back-off, after `troubles` of them in a row.
CREATE TABLE host_turns (
    host text COLLATE "C" PRIMARY KEY,
    holder text COLLATE "C",
    number bigint NOT NULL,
    until timestamptz,
    released_at timestamptz NOT NULL DEFAULT '-infinity',
    next_at timestamptz NOT NULL DEFAULT '-infinity',
    away_until timestamptz NOT NULL DEFAULT '-infinity',
    troubles integer NOT NULL DEFAULT 0,
    reason text,
    why text
) WITH (fillfactor = 50);

-- Who is at work: an engine alone need not wait for a database that is away.
CREATE TABLE engines (
    name text COLLATE "C" PRIMARY KEY,
    process text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
) WITH (fillfactor = 50);
