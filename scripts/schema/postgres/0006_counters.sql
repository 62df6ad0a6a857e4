-- SPDX-License-Identifier: MIT
-- Views, likes and scores are no events, but lists show them: whoever keeps lists hears of them, too.

CREATE FUNCTION deals_counted_tell() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    IF EXISTS (SELECT FROM fresh f JOIN before o USING (id) WHERE (f.view_count, f.comment_count, f.like_count, f.score)
               IS DISTINCT FROM (o.view_count, o.comment_count, o.like_count, o.score)) THEN
        NOTIFY catchdeal_events;
    END IF;
    RETURN NULL;
END $f$;

CREATE TRIGGER deals_counted_tell AFTER UPDATE ON deals REFERENCING OLD TABLE AS before NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION deals_counted_tell();

CREATE FUNCTION deals_gone_tell() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    IF EXISTS (SELECT FROM gone) THEN
        NOTIFY catchdeal_events;
    END IF;
    RETURN NULL;
END $f$;

CREATE TRIGGER deals_gone_tell AFTER DELETE ON deals REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION deals_gone_tell();
