-- SPDX-License-Identifier: MIT
-- Keyword alarms: how far the events are matched, and when a user may be told.

-- One row. event_id: events up to this one are decided. step: raised by each decision; whoever decides on
-- what was read before another decision is refused, and reads again.
CREATE TABLE alarm_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    event_id INTEGER NOT NULL,
    step INTEGER NOT NULL
) STRICT;

INSERT INTO alarm_state (id, event_id, step) SELECT 1, coalesce(max(id), 0), 0 FROM deal_events;

-- One row. n moves with each keyword that comes or goes, so that engines know when to read them anew.
CREATE TABLE keyword_edits (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    n INTEGER NOT NULL
) STRICT;

INSERT INTO keyword_edits (id, n) VALUES (1, 0);

CREATE TRIGGER keyword_alarms_added AFTER INSERT ON keyword_alarms
BEGIN
    UPDATE keyword_edits SET n = n + 1;
END;

CREATE TRIGGER keyword_alarms_changed AFTER UPDATE ON keyword_alarms
BEGIN
    UPDATE keyword_edits SET n = n + 1;
END;

CREATE TRIGGER keyword_alarms_removed AFTER DELETE ON keyword_alarms
BEGIN
    UPDATE keyword_edits SET n = n + 1;
END;

-- NULL: as the configuration says. zone: "Asia/Seoul"; alarm_hours: "10:00-23:00", in that zone;
-- alarm_way: together, when alarm_schedule says so, or one by one as they come.
ALTER TABLE app_users ADD COLUMN zone TEXT;
ALTER TABLE app_users ADD COLUMN alarm_hours TEXT;
ALTER TABLE app_users ADD COLUMN alarm_way TEXT CHECK (alarm_way IN ('digest', 'at-once'));

-- Found, and neither pushed nor decided to need no push: quiet hours, or before the next digest.
ALTER TABLE keyword_pushalarm_lists ADD COLUMN is_waiting INTEGER NOT NULL DEFAULT 0;

CREATE INDEX keyword_pushalarm_lists_waiting ON keyword_pushalarm_lists (app_user_id, id) WHERE is_waiting;

-- How many pushes a user had of late, and what goes with an erased one.
CREATE INDEX push_outbox_user ON push_outbox (app_user_id, created_at) WHERE app_user_id IS NOT NULL;
