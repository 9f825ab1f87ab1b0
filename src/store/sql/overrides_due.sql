-- (uuid, timestamptz, timestamptz) -> uuid
SELECT o.override_id
FROM winnow.overrides o
WHERE o.workspace_id = $1 AND o.expires_at > $2 AND o.expires_at <= $3
	AND NOT EXISTS (SELECT 1 FROM winnow.override_ends e
		WHERE e.workspace_id = $1 AND e.override_id = o.override_id)
ORDER BY o.override_id
