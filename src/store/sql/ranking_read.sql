-- (uuid, text) -> text, int8, int8, timestamptz, int8, int8, text, text, int8, bytea, timestamptz, text, text
SELECT r.ranking_id, r.revision, r.seen_revision, r.as_of, r.model_version, r.policy_version,
	r.engine, r.libm, r.item_count, r.order_sha256, r.kept_at, r.kept_by, t.notes
FROM winnow.rankings r
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = r.text_ref
WHERE r.workspace_id = $1 AND r.ranking_id = $2
