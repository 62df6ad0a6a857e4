-- SPDX-License-Identifier: MIT
-- Views, likes and scores are no events, but lists show them: n moves when one has changed or a deal is gone.
-- (The file's change counter moves with each user's bookmark, too.)

CREATE TABLE deal_changes (n INTEGER NOT NULL);
INSERT INTO deal_changes (n) VALUES (0);

CREATE TRIGGER deals_counted AFTER UPDATE OF view_count, comment_count, like_count, score ON deals
WHEN (OLD.view_count, OLD.comment_count, OLD.like_count, OLD.score)
    IS NOT (NEW.view_count, NEW.comment_count, NEW.like_count, NEW.score)
BEGIN
    UPDATE deal_changes SET n = n + 1;
END;

CREATE TRIGGER deals_gone AFTER DELETE ON deals
BEGIN
    UPDATE deal_changes SET n = n + 1;
END;
