-- (uuid) -> int8, bytea, timestamptz, int8, bytea
-- Every write of a workspace waits here for the one before.
SELECT revision, hash, at, config_revision, salt
FROM winnow.workspace_heads
WHERE workspace_id = $1
FOR UPDATE
