-- SPDX-License-Identifier: MIT
-- Which reports the operator was told of, and who is telling him just now: one engine at a time does.
ALTER TABLE reports
    ADD COLUMN told_at timestamptz,      -- when he was last told that it is open
    ADD COLUMN over_told_at timestamptz, -- when he was told that it is over
    ADD COLUMN teller text,
    ADD COLUMN teller_until timestamptz;
