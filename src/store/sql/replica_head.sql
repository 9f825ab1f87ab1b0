-- (uuid, int8) -> int8, bytea, timestamptz, int8, bytea, int8, bool, int4, bytea
-- What head_read.sql gives, whether the server is a standby, the schema's version, and the hash of
-- the record $2 (NULL: it is not there).
SELECT h.revision, h.hash, h.at, h.config_revision, h.salt,
	(SELECT coalesce(max(t.size), 0) FROM winnow.retirements t WHERE t.workspace_id = h.workspace_id),
	pg_catalog.pg_is_in_recovery(),
	(SELECT coalesce(max(m.version), 0) FROM winnow.migrations m),
	(SELECT r.hash FROM winnow.record_marks r
	WHERE r.workspace_id = h.workspace_id AND r.revision = $2)
FROM winnow.workspace_heads h
WHERE h.workspace_id = $1
