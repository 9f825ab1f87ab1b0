-- (uuid, int8) -> uuid, int8, uuid, text, int8, float8, text, uuid, timestamptz, timestamptz, text, text, int8, int8, text, bytea, int8, timestamptz, text, text
-- Those that had not ended at $2: their history grows for ever, they do not.
SELECT o.override_id, o.revision, o.item_id, o.kind, o.rank, o.delta, o.band, o.target_id,
	o.made_at, o.expires_at, o.author, o.author_team, o.model_version, o.rank_before,
	o.band_before, o.text_ref, NULL::int8, NULL::timestamptz, NULL::text, NULL::text
FROM winnow.overrides o
WHERE o.workspace_id = $1 AND o.revision <= $2
	AND NOT EXISTS (SELECT 1 FROM winnow.override_ends e
		WHERE e.workspace_id = $1 AND e.override_id = o.override_id AND e.revision <= $2)
ORDER BY o.revision, o.override_id
