-- (text) -> void
SELECT pg_catalog.pg_notify('winnow_revisions', $1)
