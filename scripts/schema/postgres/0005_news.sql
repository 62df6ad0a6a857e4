-- SPDX-License-Identifier: MIT
-- Whoever listens hears of new events, and finds them in the order of their ids.

-- An id is drawn before its transaction commits, so without a lock a reader who has seen event 5 may
-- miss event 4 of a slower engine. It is taken when all rows of the statement have been locked, and
-- kept until the commit: nobody who holds it waits for anybody.
CREATE FUNCTION deal_events_queue() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('catchdeal events', 0));
    RETURN NULL;
END $f$;

CREATE TRIGGER deal_events_queue BEFORE INSERT ON deal_events
    FOR EACH STATEMENT EXECUTE FUNCTION deal_events_queue();

CREATE FUNCTION deal_events_tell() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    IF EXISTS (SELECT FROM fresh) THEN
        NOTIFY catchdeal_events;
    END IF;
    RETURN NULL;
END $f$;

CREATE TRIGGER deal_events_tell AFTER INSERT ON deal_events REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION deal_events_tell();
