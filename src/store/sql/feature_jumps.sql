-- (uuid, int8, int8, int2[], float8[], int8, int8) -> uuid, int8, timestamptz, int4, float8, float8
-- Values of features $4 that differ from those of the version before by at least $5, in versions of ($2, $3]; the
-- newest $6 versions are looked at, the newest $7 jumps are told.
SELECT v.item_id, v.revision, (SELECT a.at FROM winnow.audit_records a
		WHERE a.workspace_id = $1 AND a.revision = v.revision),
	w.id::int4, x.was, x.is
FROM (
	SELECT n.item_id, n.revision, n.feature_ids, n.feature_values
	FROM winnow.item_versions n
	WHERE n.workspace_id = $1 AND n.revision > $2 AND n.revision <= $3
	ORDER BY n.revision DESC
	LIMIT $6) v
CROSS JOIN LATERAL (
	SELECT p.feature_ids, p.feature_values
	FROM winnow.item_versions p
	WHERE p.workspace_id = $1 AND p.item_id = v.item_id AND p.revision < v.revision
	ORDER BY p.revision DESC
	LIMIT 1) b
CROSS JOIN unnest($4::int2[], $5::float8[]) AS w(id, least)
CROSS JOIN LATERAL (
	SELECT b.feature_values[array_position(b.feature_ids, w.id)] AS was,
		v.feature_values[array_position(v.feature_ids, w.id)] AS is) x
WHERE abs(x.is - x.was) >= w.least
ORDER BY v.revision DESC, v.item_id, w.id
LIMIT $7
