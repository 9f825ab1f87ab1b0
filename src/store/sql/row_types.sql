-- () -> text, oid, oid[]
-- The row types of all tables: what the rows that are sent in binary must be made of.
SELECT c.relname::text, c.reltype, array_agg(a.atttypid ORDER BY a.attnum)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
WHERE n.nspname = 'winnow' AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY c.oid, c.relname, c.reltype
