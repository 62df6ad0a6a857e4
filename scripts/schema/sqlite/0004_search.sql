-- SPDX-License-Identifier: MIT
-- Search: two letters next to each other find a title, whatever its language.
-- deal_fold() is the program's (engine/db/fold.h); the triggers need nothing but SQLite, so that a
-- row that somebody removes by hand leaves the index as well.

-- As search sees it: NFC, lower case, no white space. The program writes it with the title.
ALTER TABLE deals ADD COLUMN title_fold TEXT NOT NULL DEFAULT '';

-- Each two letters' deals in the order of the list, so that a page of hits is read and nothing else,
-- however frequent they are. sort_at of a deal never changes.
CREATE TABLE deal_grams (
    gram TEXT NOT NULL,
    sort_at INTEGER NOT NULL,
    deal_id INTEGER NOT NULL,
    PRIMARY KEY (gram, sort_at DESC, deal_id DESC)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER deals_grams_insert AFTER INSERT ON deals WHEN length(new.title_fold) > 1 BEGIN
    INSERT OR IGNORE INTO deal_grams (gram, sort_at, deal_id)
    SELECT gram, new.sort_at, new.id FROM (
        WITH RECURSIVE at (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM at WHERE n < length(new.title_fold) - 1)
        SELECT substr(new.title_fold, n, 2) AS gram FROM at);
END;

CREATE TRIGGER deals_grams_delete AFTER DELETE ON deals WHEN length(old.title_fold) > 1 BEGIN
    DELETE FROM deal_grams WHERE sort_at = old.sort_at AND deal_id = old.id AND gram IN (
        SELECT gram FROM (
            WITH RECURSIVE at (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM at WHERE n < length(old.title_fold) - 1)
            SELECT substr(old.title_fold, n, 2) AS gram FROM at));
END;

CREATE TRIGGER deals_grams_update AFTER UPDATE OF title_fold ON deals WHEN new.title_fold <> old.title_fold BEGIN
    DELETE FROM deal_grams WHERE sort_at = old.sort_at AND deal_id = old.id AND gram IN (
        SELECT gram FROM (
            WITH RECURSIVE at (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM at WHERE n < length(old.title_fold) - 1)
            SELECT substr(old.title_fold, n, 2) AS gram FROM at));
    INSERT OR IGNORE INTO deal_grams (gram, sort_at, deal_id)
    SELECT gram, new.sort_at, new.id FROM (
        WITH RECURSIVE at (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM at WHERE n < length(new.title_fold) - 1)
        SELECT substr(new.title_fold, n, 2) AS gram FROM at) WHERE length(gram) = 2;
END;

UPDATE deals SET title_fold = deal_fold(title);
