-- (int8) -> bool
-- Until the end of the transaction. False: another request with this key is under way. Its answer
-- shows only to a statement that begins after it has ended, so the key is looked up by the next one.
SELECT pg_catalog.pg_try_advisory_xact_lock($1)
