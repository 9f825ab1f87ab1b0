-- (uuid) -> uuid, int8, text, text, text, int8, bytea
SELECT n.workspace_id, n.revision, n.name, n.title, n.state, coalesce(h.revision, -1), h.salt
FROM winnow.workspaces n
LEFT JOIN winnow.workspace_heads h ON h.workspace_id = n.workspace_id
WHERE n.workspace_id = $1
ORDER BY n.revision DESC
LIMIT 1
