-- (uuid) -> int8, bytea, timestamptz, int8, bytea, int8
-- Every write of a workspace waits here for the one before. Of a removed one there is no row, also
-- for those who were waiting when it was removed.
SELECT h.revision, h.hash, h.at, h.config_revision, h.salt,
	(SELECT coalesce(max(t.size), 0) FROM winnow.retirements t WHERE t.workspace_id = h.workspace_id)
FROM winnow.workspace_heads h
WHERE h.workspace_id = $1 AND NOT h.removed
FOR UPDATE OF h
