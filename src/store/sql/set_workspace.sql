-- (uuid) -> text
-- Until the end of the transaction; row level security reads it.
SELECT pg_catalog.set_config('winnow.workspace', $1::uuid::text, true)
