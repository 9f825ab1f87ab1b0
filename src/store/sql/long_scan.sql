-- () -> text, text
-- For the rest of a transaction that goes through a whole table: its hash tables stay in memory up
-- to a million items or so, and it takes the time that it takes.
SELECT pg_catalog.set_config('work_mem', '64MB', true),
	pg_catalog.set_config('statement_timeout', '0', true)
