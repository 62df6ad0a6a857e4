-- SPDX-License-Identifier: MIT
-- Runs that are due, and hosts, as several engines divide them: a file is one engine's, so nothing is here.
SELECT 1;
