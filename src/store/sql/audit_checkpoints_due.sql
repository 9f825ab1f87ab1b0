-- (uuid, timestamptz, int8, int8) -> uuid
-- In the system workspace: whose log has grown since its newest checkpoint, where that was made at or
-- before $2 or $3 records ago. Behind $1 (NULL: from the first), in the order of ids.
SELECT h.workspace_id
FROM winnow.workspace_heads h
LEFT JOIN LATERAL (
	SELECT c.size, c.made_at
	FROM winnow.audit_checkpoints c
	WHERE c.workspace_id = h.workspace_id
	ORDER BY c.size DESC
	LIMIT 1) newest ON true
WHERE ($1::uuid IS NULL OR h.workspace_id > $1) AND h.revision > coalesce(newest.size, 0)
	AND (newest.size IS NULL OR newest.made_at <= $2 OR h.revision - newest.size >= $3)
ORDER BY h.workspace_id
LIMIT $4
