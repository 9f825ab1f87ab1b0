-- (uuid, text, timestamptz) -> int8, int8
SELECT count(*) FILTER (WHERE p.author = $2),
	coalesce(sum(octet_length(p.body) + octet_length(p.effect)), 0)::int8
FROM winnow.proposals p
WHERE p.workspace_id = $1 AND p.expires_at > $3
	AND NOT EXISTS (SELECT 1 FROM winnow.proposal_ends e
		WHERE e.workspace_id = p.workspace_id AND e.proposal_id = p.proposal_id)
