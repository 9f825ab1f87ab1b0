-- (timestamptz, timestamptz, uuid, int8) -> uuid, timestamptz
-- In the system workspace: through all of them but the removed ones, which take no write. Each is gone
-- through by itself, by the index on expiries, up to the first that has no end.
SELECT h.workspace_id, due.expires_at
FROM winnow.workspace_heads h
CROSS JOIN LATERAL (SELECT o.expires_at
	FROM winnow.overrides o
	WHERE o.workspace_id = h.workspace_id AND o.expires_at > $1 AND o.expires_at <= $2
		AND NOT EXISTS (SELECT 1 FROM winnow.override_ends e
			WHERE e.workspace_id = o.workspace_id AND e.override_id = o.override_id)
	ORDER BY o.expires_at
	LIMIT 1) due
WHERE NOT h.removed AND h.workspace_id > $3
ORDER BY h.workspace_id
LIMIT $4
