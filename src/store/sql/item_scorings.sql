-- (uuid, uuid[], int8, int4) -> uuid, timestamptz, timestamptz, float8, float8
-- When these items ($2) were scored last and first, as of revision $3: a version sets the values that its list
-- of older ones ("r" of extra) does not name. And the value of feature $4 (an id; -1: none) in the first
-- version and in the last. A time is NULL where retention removed its audit record.
SELECT want.item_id,
	(SELECT a.at FROM winnow.audit_records a
		WHERE a.workspace_id = $1 AND a.revision = scored.revision),
	(SELECT a.at FROM winnow.audit_records a
		WHERE a.workspace_id = $1 AND a.revision = last.first_revision),
	first.value, last.value
FROM unnest($2::uuid[]) AS want(item_id)
CROSS JOIN LATERAL (
	SELECT v.revision, v.first_revision, v.feature_ids, v.extra,
		v.feature_values[array_position(v.feature_ids, $4::int4::int2)] AS value
	FROM winnow.item_versions v
	WHERE v.workspace_id = $1 AND v.item_id = want.item_id AND v.revision <= $3
	ORDER BY v.revision DESC
	LIMIT 1) last
CROSS JOIN LATERAL (
	SELECT coalesce(max(coalesce(older.revision, last.revision)), last.first_revision) AS revision
	FROM unnest(last.feature_ids) AS f(id)
	LEFT JOIN (
		SELECT (e.entry->>0)::int8 AS revision, x.id::int2 AS id
		FROM jsonb_array_elements(last.extra::jsonb->'r') AS e(entry)
		CROSS JOIN LATERAL jsonb_array_elements_text(e.entry - 0) AS x(id)
	) older ON older.id = f.id) scored
LEFT JOIN LATERAL (
	SELECT v.feature_values[array_position(v.feature_ids, $4::int4::int2)] AS value
	FROM winnow.item_versions v
	WHERE v.workspace_id = $1 AND v.item_id = want.item_id AND v.revision = last.first_revision
) first ON true
ORDER BY want.item_id
