-- SPDX-License-Identifier: MIT
-- Which reports the operator was told of, and who is telling him just now: one engine at a time does.
ALTER TABLE reports ADD COLUMN told_at INTEGER;      -- when he was last told that it is open
ALTER TABLE reports ADD COLUMN over_told_at INTEGER; -- when he was told that it is over
ALTER TABLE reports ADD COLUMN teller TEXT;
ALTER TABLE reports ADD COLUMN teller_until INTEGER;
