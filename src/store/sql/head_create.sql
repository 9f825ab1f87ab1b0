-- (uuid, bytea) -> ()
INSERT INTO winnow.workspace_heads (workspace_id, revision, hash, at, salt)
VALUES ($1, 0, decode(repeat('00', 32), 'hex'), to_timestamp(0), $2)
