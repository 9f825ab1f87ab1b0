-- () -> void
-- One migration at a time; held until the session ends. The number is the ASCII of "winnow".
SELECT pg_catalog.pg_advisory_lock(131294708002679)
