-- (timestamptz, int8) -> uuid
-- In the system workspace: through all of them but the removed ones, which take no write.
SELECT o.workspace_id
FROM winnow.overrides o
JOIN winnow.workspace_heads h ON h.workspace_id = o.workspace_id AND NOT h.removed
LEFT JOIN winnow.override_ends e ON e.workspace_id = o.workspace_id
	AND e.override_id = o.override_id
WHERE o.expires_at <= $1 AND e.override_id IS NULL
GROUP BY o.workspace_id
ORDER BY o.workspace_id
LIMIT $2
