-- (uuid, uuid) -> int8, bytea
SELECT revision, hash
FROM winnow.audit_records
WHERE workspace_id = $1 AND attempt_id = $2
ORDER BY revision DESC
LIMIT 1
