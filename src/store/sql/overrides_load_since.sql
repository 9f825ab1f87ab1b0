-- (uuid, int8, int8) -> uuid, int8, uuid, text, int8, float8, text, uuid, timestamptz, timestamptz, text, text, int8, int8, text, bytea, int8, timestamptz, text, text
-- Those made or ended behind $3, by the indexes on revisions.
SELECT o.override_id, o.revision, o.item_id, o.kind, o.rank, o.delta, o.band, o.target_id,
	o.made_at, o.expires_at, o.author, o.author_team, o.model_version, o.rank_before,
	o.band_before, o.text_ref, e.revision, e.ended_at, e.reason, e.ended_by
FROM (SELECT override_id FROM winnow.overrides
	WHERE workspace_id = $1 AND revision > $3 AND revision <= $2
	UNION
	SELECT override_id FROM winnow.override_ends
	WHERE workspace_id = $1 AND revision > $3 AND revision <= $2) touched
JOIN winnow.overrides o ON o.workspace_id = $1 AND o.override_id = touched.override_id
	AND o.revision <= $2
LEFT JOIN winnow.override_ends e ON e.workspace_id = $1 AND e.override_id = o.override_id
	AND e.revision <= $2
ORDER BY o.revision, o.override_id
