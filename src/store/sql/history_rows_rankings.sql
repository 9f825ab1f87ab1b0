-- (uuid, int8, int8) -> int8, uuid, text, int8, int8, timestamptz, int8, int8, text, text, int8, bytea, timestamptz, text, bytea
SELECT revision, workspace_id, ranking_id, revision, seen_revision, as_of, model_version,
	policy_version, engine, libm, item_count, order_sha256, kept_at, kept_by, text_ref
FROM winnow.rankings
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
