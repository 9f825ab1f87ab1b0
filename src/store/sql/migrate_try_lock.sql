-- () -> bool
SELECT pg_catalog.pg_try_advisory_lock(131294708002679)
