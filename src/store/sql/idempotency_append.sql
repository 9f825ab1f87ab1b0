-- (uuid, bytea, bytea, int8, bytea, bool, timestamptz, timestamptz, bytea) -> ()
INSERT INTO winnow.idempotency_keys (workspace_id, key_sha256, request_sha256, revision, hash,
	changed, made_at, expires_at, answer)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
