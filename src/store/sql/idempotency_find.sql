-- (uuid, bytea) -> bytea, int8, bytea, bool, timestamptz, timestamptz, bytea
SELECT request_sha256, revision, hash, changed, made_at, expires_at, answer
FROM winnow.idempotency_keys
WHERE workspace_id = $1 AND key_sha256 = $2
