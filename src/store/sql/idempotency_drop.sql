-- (uuid, bytea) -> ()
DELETE FROM winnow.idempotency_keys
WHERE workspace_id = $1 AND key_sha256 = $2
