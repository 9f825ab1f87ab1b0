-- (uuid, int8, int8) -> int8, uuid, uuid, int8, bytea, text, text[], text[], text, timestamptz, timestamptz
SELECT revision, workspace_id, token_id, revision, secret_sha256, label, roles, sources, created_by,
	created_at, expires_at
FROM winnow.tokens
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
