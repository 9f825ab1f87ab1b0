-- (uuid, int8, int8, text, int4, int4, int8) -> uuid, int8
-- Items of which a version that was in force somewhere in the revisions $2 … $3 has the label $4 and the value $6
-- of the feature $5 (NULL: any), at most $7; and the version that was in force before $2, 0 for none.
SELECT s.item_id, coalesce(max(s.base), 0)
FROM (SELECT v.item_id, v.revision, v.labels, v.feature_ids, v.feature_values,
		max(v.revision) FILTER (WHERE v.revision < $2) OVER (PARTITION BY v.item_id) AS base
	FROM winnow.item_versions v
	WHERE v.workspace_id = $1 AND v.revision <= $3) s
WHERE (s.revision >= $2 OR s.revision = s.base) AND ($4::text IS NULL OR $4 = ANY (s.labels))
	AND ($5::int4 IS NULL
		OR s.feature_values[array_position(s.feature_ids, $5::int2)] = $6::int4)
GROUP BY s.item_id
ORDER BY s.item_id
LIMIT $7
