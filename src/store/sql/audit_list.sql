-- (uuid, int8, int8, text) -> int8, timestamptz, uuid, text, text, text, text, text, bytea, int8, bytea, bytea, bytea
SELECT revision, at, attempt_id, actor, action, subject, request_id, detail, detail_sha256,
	row_count, rows_sha256, prev_hash, hash
FROM winnow.audit_records
WHERE workspace_id = $1 AND revision > $2 AND ($4::text IS NULL OR action = $4)
ORDER BY revision
LIMIT $3
