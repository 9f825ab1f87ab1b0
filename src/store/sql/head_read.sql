-- (uuid) -> int8, bytea, timestamptz, int8, bytea, int8
SELECT h.revision, h.hash, h.at, h.config_revision, h.salt,
	(SELECT coalesce(max(t.size), 0) FROM winnow.retirements t WHERE t.workspace_id = h.workspace_id)
FROM winnow.workspace_heads h
WHERE h.workspace_id = $1
