-- (uuid, int8, int8) -> int8, uuid, uuid, bytea, int8
SELECT revision, workspace_id, erasure_id, ref, revision
FROM winnow.erasure_texts
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
