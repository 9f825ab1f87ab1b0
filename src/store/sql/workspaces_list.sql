-- (text, int8) -> uuid, int8, text, text, text, int8, bytea
SELECT n.workspace_id, n.revision, n.name, n.title, n.state, coalesce(h.revision, -1), h.salt
FROM winnow.workspaces c
CROSS JOIN LATERAL (
	SELECT workspace_id, revision, name, title, state
	FROM winnow.workspaces
	WHERE workspace_id = c.workspace_id
	ORDER BY revision DESC
	LIMIT 1) n
LEFT JOIN winnow.workspace_heads h ON h.workspace_id = c.workspace_id
WHERE c.state = 'created' AND c.name > $1
ORDER BY c.name
LIMIT $2
