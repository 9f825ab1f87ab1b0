-- () -> int4
SELECT coalesce(max(version), 0) FROM winnow.migrations
