-- (uuid, int8, int8) -> int8, uuid, uuid, int8, timestamptz, text
SELECT revision, workspace_id, finding_id, revision, ended_at, why
FROM winnow.finding_ends
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
