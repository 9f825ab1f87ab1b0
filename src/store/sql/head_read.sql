-- (uuid) -> int8, bytea, timestamptz, int8, bytea
SELECT revision, hash, at, config_revision, salt
FROM winnow.workspace_heads
WHERE workspace_id = $1
