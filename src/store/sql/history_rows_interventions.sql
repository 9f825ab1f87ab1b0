-- (uuid, int8, int8) -> int8, uuid, int8, text, timestamptz, text, int8, int8, text, text, bytea
SELECT revision, workspace_id, revision, action, made_at, author, model_version, policy_version,
	fallback, ranking_id, text_ref
FROM winnow.interventions
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
