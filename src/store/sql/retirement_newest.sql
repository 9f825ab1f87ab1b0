-- (uuid) -> int8, int8, int8, bytea, bytea, bytea, int8, bytea, timestamptz
SELECT revision, first_revision, size, root, record_hash, export_sha256, kept_rows, kept_sha256, retired_at
FROM winnow.retirements
WHERE workspace_id = $1
ORDER BY size DESC
LIMIT 1
