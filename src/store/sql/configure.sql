-- (text, text) -> text, text, text, text, text, text
-- Once a connection; whatever the role's or the database's own settings are. $1: statement_timeout;
-- $2: for how long nothing may come in a transaction that only reads.
SELECT pg_catalog.set_config('TimeZone', 'UTC', false),
	pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false),
	pg_catalog.set_config('statement_timeout', $1::text, false),
	pg_catalog.set_config('idle_in_transaction_session_timeout', $2::text, false),
	pg_catalog.set_config('jit', 'off', false),
	pg_catalog.set_config('row_security', 'on', false)
