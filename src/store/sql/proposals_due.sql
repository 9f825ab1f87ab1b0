-- (uuid, timestamptz) -> uuid
SELECT p.proposal_id
FROM winnow.proposals p
WHERE p.workspace_id = $1 AND p.expires_at <= $2
	AND NOT EXISTS (SELECT 1 FROM winnow.proposal_ends e
		WHERE e.workspace_id = p.workspace_id AND e.proposal_id = p.proposal_id)
ORDER BY p.proposal_id
