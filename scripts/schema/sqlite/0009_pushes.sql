-- SPDX-License-Identifier: MIT
-- Pushes: their keys and attempts.
SELECT 1;
