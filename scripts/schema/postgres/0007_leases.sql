-- SPDX-License-Identifier: MIT
-- Runs that are due, and hosts, as several engines divide them.
SELECT 1;
