-- (uuid, int8) -> text, text, text, int8
SELECT kind, name, body, revision
FROM winnow.documents
WHERE workspace_id = $1 AND revision <= $2
ORDER BY kind, name, revision
