-- SPDX-License-Identifier: MIT
-- Keyword alarms: how far the events are matched, and when a user may be told.
SELECT 1;
