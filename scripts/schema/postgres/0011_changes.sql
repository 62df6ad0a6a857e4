-- SPDX-License-Identifier: MIT
-- Numbers that move with what lists show and no event tells: whoever keeps answers compares them, whatever
-- was heard or missed, and processes can name what they share by them. They move once for each statement, in
-- its transaction.

-- deals: views, likes and scores, or a deal is gone; runs: one began or ended; notices.
CREATE TABLE deal_changes (
    subject text COLLATE "C" PRIMARY KEY,
    n bigint NOT NULL
);
INSERT INTO deal_changes (subject, n) VALUES ('deals', 0), ('runs', 0), ('notices', 0);

CREATE FUNCTION deal_changes_count(what text) RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    UPDATE deal_changes SET n = n + 1 WHERE subject = what;
    NOTIFY catchdeal_events;
END $f$;

-- The lock is that of deal_events_queue(), for its reason: it is taken when all rows of the statement have
-- been locked, so who holds it, or the number's row, waits for nobody; and since events are written under
-- it as well, nobody takes the two in the other order.
CREATE OR REPLACE FUNCTION deals_counted_tell() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    IF EXISTS (SELECT FROM fresh f JOIN before o USING (id) WHERE (f.view_count, f.comment_count, f.like_count, f.score)
               IS DISTINCT FROM (o.view_count, o.comment_count, o.like_count, o.score)) THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('catchdeal events', 0));
        PERFORM deal_changes_count('deals');
    END IF;
    RETURN NULL;
END $f$;

CREATE OR REPLACE FUNCTION deals_gone_tell() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    IF EXISTS (SELECT FROM gone) THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('catchdeal events', 0));
        PERFORM deal_changes_count('deals');
    END IF;
    RETURN NULL;
END $f$;

CREATE FUNCTION deal_changes_tell() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    PERFORM deal_changes_count(TG_ARGV[0]);
    RETURN NULL;
END $f$;

-- Old runs that are purged change nothing that is shown.
CREATE TRIGGER runs_tell AFTER INSERT OR UPDATE OF reason, ended_at ON runs
    FOR EACH STATEMENT EXECUTE FUNCTION deal_changes_tell('runs');

CREATE TRIGGER notices_tell AFTER INSERT OR UPDATE OR DELETE ON notices
    FOR EACH STATEMENT EXECUTE FUNCTION deal_changes_tell('notices');
