-- (uuid, int8, int8) -> int8, uuid, uuid, int8, text, timestamptz, text, int8, int8, int8, int8, bytea, uuid, bytea
SELECT revision, workspace_id, review_id, revision, outcome, ended_at, ended_by, rank,
	item_revision, model_version, policy_version, digest, override_id, text_ref
FROM winnow.review_ends
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
