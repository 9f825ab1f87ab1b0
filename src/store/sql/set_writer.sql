-- (uuid, text) -> text, text
-- What set_workspace.sql does, for a transaction that may hold locks: whoever stops in the middle of
-- it is thrown out after $2, and what it sends later is refused.
SELECT pg_catalog.set_config('winnow.workspace', $1::uuid::text, true),
	pg_catalog.set_config('idle_in_transaction_session_timeout', $2::text, true)
