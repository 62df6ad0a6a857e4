-- SPDX-License-Identifier: MIT
-- Numbers as n of 0006: runs moves when one began or ended, notices when one was added, edited or removed.

ALTER TABLE deal_changes ADD COLUMN runs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deal_changes ADD COLUMN notices INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER runs_begun AFTER INSERT ON runs
BEGIN
    UPDATE deal_changes SET runs = runs + 1;
END;

CREATE TRIGGER runs_ended AFTER UPDATE OF reason, ended_at ON runs
BEGIN
    UPDATE deal_changes SET runs = runs + 1;
END;

CREATE TRIGGER notices_added AFTER INSERT ON notices
BEGIN
    UPDATE deal_changes SET notices = notices + 1;
END;

CREATE TRIGGER notices_edited AFTER UPDATE ON notices
BEGIN
    UPDATE deal_changes SET notices = notices + 1;
END;

CREATE TRIGGER notices_removed AFTER DELETE ON notices
BEGIN
    UPDATE deal_changes SET notices = notices + 1;
END;
