-- (uuid, int8, int8) -> int8, uuid, uuid, int8, timestamptz
SELECT revision, workspace_id, token_id, revision, revoked_at
FROM winnow.token_revocations
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
