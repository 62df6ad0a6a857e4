-- SPDX-License-Identifier: MIT
-- Search: two letters next to each other find a title, whatever its language. (pg_trgm needs three, and
-- in a database with LC_CTYPE C it takes no Hangul at all.)
-- Both functions use nothing but pg_catalog, so that a dump can be restored.

-- As search sees a text: NFC, lower case, no white space; see engine/db/fold.h, which does the same.
-- lower() in a database with LC_CTYPE C knows only ASCII, where ICU's knows all; servers without ICU
-- take the database's.
DO $do$ BEGIN EXECUTE format(
    'CREATE FUNCTION deal_fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS %L',
    format('SELECT left(translate(lower(normalize($1, NFC)%s), '
           'E'' \t\n\v\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b'
           '\u2028\u2029\u202f\u205f\u3000\ufeff'', ''''), 1000)',
           (SELECT ' COLLATE "und-x-icu"' FROM pg_collation
            WHERE collname = 'und-x-icu' AND collnamespace = 'pg_catalog'::regnamespace)));
END $do$;

-- Dear on purpose: the planner must never compute it for each row of the table.
CREATE FUNCTION deal_grams(text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS
    'SELECT coalesce(array_agg(DISTINCT substr($1, n, 2) COLLATE "C"), ''{}'') FROM generate_series(1, length($1) - 1) n';

ALTER TABLE deals ADD COLUMN title_fold text COLLATE "C" GENERATED ALWAYS AS (deal_fold(title)) STORED;

-- Without a list of what is pending: searching that would cost more with each batch.
CREATE INDEX deals_grams ON deals USING gin (deal_grams(title_fold)) WITH (fastupdate = off);
