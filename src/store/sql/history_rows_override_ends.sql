-- (uuid, int8, int8) -> int8, uuid, uuid, int8, timestamptz, text, text
SELECT revision, workspace_id, override_id, revision, ended_at, reason, ended_by
FROM winnow.override_ends
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
