-- (uuid, int8, int8) -> int8, uuid, text, text, int8, text
SELECT revision, workspace_id, kind, name, revision, body
FROM winnow.documents
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
