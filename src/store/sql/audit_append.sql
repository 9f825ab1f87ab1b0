-- (uuid, int8, timestamptz, uuid, text, text, text, text, text, bytea, int8, bytea, bytea, bytea) -> ()
INSERT INTO winnow.audit_records (workspace_id, revision, at, attempt_id, actor, action, subject,
	request_id, detail, detail_sha256, row_count, rows_sha256, prev_hash, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
