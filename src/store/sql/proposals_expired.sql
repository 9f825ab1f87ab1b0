-- (timestamptz, uuid, int8) -> uuid
-- In the system workspace: which workspaces have proposals that expired before $1 and have no end.
SELECT h.workspace_id
FROM winnow.workspace_heads h
WHERE NOT h.removed AND h.workspace_id > $2
	AND EXISTS (SELECT 1 FROM winnow.proposals p
		WHERE p.workspace_id = h.workspace_id AND p.expires_at <= $1
			AND NOT EXISTS (SELECT 1 FROM winnow.proposal_ends e
				WHERE e.workspace_id = p.workspace_id AND e.proposal_id = p.proposal_id))
ORDER BY h.workspace_id
LIMIT $3
