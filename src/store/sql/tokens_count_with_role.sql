-- (uuid, text, timestamptz) -> int8
SELECT count(*)
FROM winnow.tokens t
WHERE t.workspace_id = $1 AND $2::text = ANY (t.roles) AND t.expires_at > $3
	AND NOT EXISTS (SELECT 1 FROM winnow.token_revocations r
		WHERE r.workspace_id = t.workspace_id AND r.token_id = t.token_id)
