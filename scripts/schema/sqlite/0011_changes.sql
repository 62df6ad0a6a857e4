-- SPDX-License-Identifier: MIT
-- A number that moves with views, likes and scores.
SELECT 1;
