-- SPDX-License-Identifier: MIT
-- Which reports the operator was told of.
SELECT 1;
