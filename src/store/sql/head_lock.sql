-- (uuid) -> int8, bytea, timestamptz, int8, bytea
-- Every write of a workspace waits here for the one before. Of a removed one there is no row, also
-- for those who were waiting when it was removed.
SELECT revision, hash, at, config_revision, salt
FROM winnow.workspace_heads
WHERE workspace_id = $1 AND NOT removed
FOR UPDATE
