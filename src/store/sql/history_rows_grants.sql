-- (uuid, int8, int8) -> int8, uuid, uuid, int8, text[], text[], timestamptz
SELECT revision, workspace_id, token_id, revision, roles, sources, expires_at
FROM winnow.grants
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
