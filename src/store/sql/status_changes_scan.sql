-- (uuid, int8, int8, text) -> uuid, int8, timestamptz, text, int4
-- The versions in ($2, $3] that have another status than the one before, or another value of one of the
-- features in $4 (ids, with commas): bit i of the last column for the i-th of them. An audit record that was
-- removed by retention leaves no time.
SELECT v.item_id, v.revision, a.at, v.status, c.changed
FROM winnow.item_versions v
LEFT JOIN LATERAL (
	SELECT m.at
	FROM winnow.record_marks m
	WHERE m.workspace_id = $1 AND m.revision = v.revision
	LIMIT 1) a ON true
LEFT JOIN LATERAL (
	SELECT p.status, p.feature_ids, p.feature_values
	FROM winnow.item_versions p
	WHERE v.revision > v.first_revision AND p.workspace_id = $1 AND p.item_id = v.item_id
		AND p.revision < v.revision
	ORDER BY p.revision DESC
	LIMIT 1
) b ON true
CROSS JOIN LATERAL (
	SELECT coalesce(sum(1 << (w.place::int4 - 1)), 0)::int4 AS changed
	FROM unnest(string_to_array($4, ',')::int2[]) WITH ORDINALITY AS w(id, place)
	WHERE b.status IS NOT NULL
		AND v.feature_values[array_position(v.feature_ids, w.id)]
		IS DISTINCT FROM b.feature_values[array_position(b.feature_ids, w.id)]
) c
WHERE v.workspace_id = $1 AND v.revision > $2 AND v.revision <= $3
	AND (b.status IS NULL OR b.status <> v.status OR c.changed <> 0)
