-- (uuid, int4, int8, bytea) -> ()
-- Another daemon may have been as far.
INSERT INTO winnow.audit_nodes (workspace_id, level, place, hash)
VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace_id, level, place) DO NOTHING
