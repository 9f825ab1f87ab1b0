-- (uuid, uuid, text, int4, timestamptz, int8, uuid, int8) -> uuid, int8, uuid, text, int8, float8, text, uuid, timestamptz, timestamptz, text, text, int8, int8, text, bytea, int8, timestamptz, text, text, text
-- $4: 1 in force at $5, 0 not, -1 any. What is older than $6, or of $6 with an id below $7.
SELECT o.override_id, o.revision, o.item_id, o.kind, o.rank, o.delta, o.band, o.target_id,
	o.made_at, o.expires_at, o.author, o.author_team, o.model_version, o.rank_before,
	o.band_before, o.text_ref, e.revision, e.ended_at, e.reason, e.ended_by, t.notes
FROM winnow.overrides o
LEFT JOIN winnow.override_ends e ON e.workspace_id = $1 AND e.override_id = o.override_id
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = o.text_ref
WHERE o.workspace_id = $1 AND ($2::uuid IS NULL OR o.item_id = $2)
	AND ($3::text IS NULL OR o.kind = $3)
	AND ($4 < 0 OR (e.revision IS NULL AND o.expires_at > $5) = ($4 > 0))
	AND o.revision <= $6 AND (o.revision < $6 OR o.override_id < $7)
ORDER BY o.revision DESC, o.override_id DESC
LIMIT $8
