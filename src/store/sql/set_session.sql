-- (uuid, text, text) -> text, text, text, text, text, text, text
-- Behind a pooler: what configure.sql gives a connection once, the workspace, and for how long nothing
-- may come, for one transaction; the next one may run in another session.
SELECT pg_catalog.set_config('winnow.workspace', $1::uuid::text, true),
	pg_catalog.set_config('TimeZone', 'UTC', true),
	pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
	pg_catalog.set_config('statement_timeout', $2::text, true),
	pg_catalog.set_config('idle_in_transaction_session_timeout', $3::text, true),
	pg_catalog.set_config('jit', 'off', true),
	pg_catalog.set_config('row_security', 'on', true)
