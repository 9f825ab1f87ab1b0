-- (uuid, text, text) -> int8, text
SELECT revision, body
FROM winnow.documents
WHERE workspace_id = $1 AND kind = $2 AND name = $3
ORDER BY revision
