-- (uuid, int8, int8) -> int8, uuid, uuid, int8, uuid, timestamptz, text, bytea
SELECT revision, workspace_id, erasure_id, revision, item_id, made_at, author, text_ref
FROM winnow.erasures
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
