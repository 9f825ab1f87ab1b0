-- (uuid, int8, int8) -> int8, uuid, uuid, int8, uuid, text, text, text, int8, text, timestamptz, int8, int8, int8
SELECT revision, workspace_id, review_id, revision, item_id, reason, rule, stream, rank, band,
	opened_at, item_revision, model_version, policy_version
FROM winnow.reviews
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
