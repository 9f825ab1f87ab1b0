-- (uuid, int8, bytea, text, timestamptz) -> ()
-- Another daemon with the same key signs the same text.
INSERT INTO winnow.audit_checkpoints (workspace_id, size, root, note, made_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, size) DO NOTHING
