-- (text) -> uuid, int8, text, text, text, int8, bytea
-- A name is given once, by a row of state 'created'; the newest row says what became of it.
SELECT n.workspace_id, n.revision, n.name, n.title, n.state, coalesce(h.revision, -1), h.salt
FROM winnow.workspaces c
JOIN winnow.workspaces n ON n.workspace_id = c.workspace_id
LEFT JOIN winnow.workspace_heads h ON h.workspace_id = c.workspace_id
WHERE c.name = $1 AND c.state = 'created'
ORDER BY n.revision DESC
LIMIT 1
