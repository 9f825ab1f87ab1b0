-- (uuid, int8, int8) -> int8, uuid, uuid, int8, timestamptz, text, text, int4, text, float8, int4, uuid[], float8[], uuid[], float8[], float8[]
SELECT revision, workspace_id, sweep_id, revision, made_at, made_by, ranking_id, months, feature,
	factor, cut, stale_ids, scored_at, promoted_ids, first_values, last_values
FROM winnow.sweeps
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
