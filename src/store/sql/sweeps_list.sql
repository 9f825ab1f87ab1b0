-- (uuid, uuid, int8, int8) -> uuid, int8, timestamptz, text, text, int4, text, float8, int4, uuid[], float8[], uuid[], float8[], float8[]
-- The sweep $2, or, that being NULL, the newest $4 before revision $3.
SELECT sweep_id, revision, made_at, made_by, ranking_id, months, feature, factor, cut, stale_ids,
	scored_at, promoted_ids, first_values, last_values
FROM winnow.sweeps
WHERE workspace_id = $1 AND ($2::uuid IS NULL OR sweep_id = $2) AND revision < $3
ORDER BY revision DESC
LIMIT $4
