-- (uuid[]) -> uuid, uuid, int8, text[], text[], timestamptz
SELECT DISTINCT ON (token_id, workspace_id) workspace_id, token_id, revision, roles, sources,
	expires_at
FROM winnow.grants
WHERE token_id = ANY ($1)
ORDER BY token_id, workspace_id, revision DESC
