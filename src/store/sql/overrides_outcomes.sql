-- (uuid, timestamptz, timestamptz, text[]) -> uuid, int8, uuid, text, int8, float8, text, uuid, timestamptz, timestamptz, text, text, int8, int8, text, bytea, int8, timestamptz, text, text, text, timestamptz
-- With the item's first finished status ($4) after the override was made, and when it was given.
SELECT o.override_id, o.revision, o.item_id, o.kind, o.rank, o.delta, o.band, o.target_id,
	o.made_at, o.expires_at, o.author, o.author_team, o.model_version, o.rank_before,
	o.band_before, o.text_ref, e.revision, e.ended_at, e.reason, e.ended_by, f.status, f.at
FROM winnow.overrides o
LEFT JOIN winnow.override_ends e ON e.workspace_id = $1 AND e.override_id = o.override_id
LEFT JOIN LATERAL (SELECT v.status, a.at
	FROM winnow.item_versions v
	CROSS JOIN LATERAL (
		SELECT m.at
		FROM winnow.record_marks m
		WHERE m.workspace_id = $1 AND m.revision = v.revision
		LIMIT 1) a
	WHERE v.workspace_id = $1 AND v.item_id = o.item_id AND v.revision > o.revision
		AND v.status = ANY ($4)
	ORDER BY v.revision
	LIMIT 1) f ON true
WHERE o.workspace_id = $1 AND o.made_at >= $2 AND o.made_at < $3
ORDER BY o.revision, o.override_id
