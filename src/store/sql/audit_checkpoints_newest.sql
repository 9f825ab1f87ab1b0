-- (uuid, int8, int8) -> int8, bytea, text, timestamptz
SELECT size, root, note, made_at
FROM winnow.audit_checkpoints
WHERE workspace_id = $1 AND size < $2
ORDER BY size DESC
LIMIT $3
