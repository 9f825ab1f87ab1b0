-- (uuid) -> uuid, uuid, int8, text[], text[], timestamptz
SELECT DISTINCT ON (token_id) workspace_id, token_id, revision, roles, sources, expires_at
FROM winnow.grants
WHERE workspace_id = $1
ORDER BY token_id, revision DESC
