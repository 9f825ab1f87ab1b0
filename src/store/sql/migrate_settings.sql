-- (text) -> text, text, text
-- For the transaction of one migration.
SELECT pg_catalog.set_config('winnow.app_role', $1::text, true),
	pg_catalog.set_config('lock_timeout', '10s', true),
	pg_catalog.set_config('statement_timeout', '30min', true)
