-- (int8) -> text, text, text, text
-- For the rest of a transaction that copies a workspace up to a revision: COPY takes no parameters. Rows
-- are read in the order in which they lie there, not in that of an index, and it takes the time that it
-- takes.
SELECT pg_catalog.set_config('winnow.upto', $1::int8::text, true),
	pg_catalog.set_config('enable_indexscan', 'off', true),
	pg_catalog.set_config('work_mem', '64MB', true),
	pg_catalog.set_config('statement_timeout', '0', true)
