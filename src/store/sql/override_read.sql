-- (uuid, uuid) -> uuid, int8, uuid, text, int8, float8, text, uuid, timestamptz, timestamptz, text, text, int8, int8, text, bytea, int8, timestamptz, text, text, text
SELECT o.override_id, o.revision, o.item_id, o.kind, o.rank, o.delta, o.band, o.target_id,
	o.made_at, o.expires_at, o.author, o.author_team, o.model_version, o.rank_before,
	o.band_before, o.text_ref, e.revision, e.ended_at, e.reason, e.ended_by, t.notes
FROM winnow.overrides o
LEFT JOIN winnow.override_ends e ON e.workspace_id = $1 AND e.override_id = o.override_id
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = o.text_ref
WHERE o.workspace_id = $1 AND o.override_id = $2
