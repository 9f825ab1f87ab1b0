-- (uuid, int8, int8) -> int8, uuid, uuid, int8, uuid, text, int8, float8, text, uuid, timestamptz, timestamptz, text, text, int8, int8, text, bytea
SELECT revision, workspace_id, override_id, revision, item_id, kind, rank, delta, band,
	target_id, made_at, expires_at, author, author_team, model_version, rank_before,
	band_before, text_ref
FROM winnow.overrides
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
