-- (uuid, uuid[]) -> uuid, int8, uuid, text, text, text, int8, text, timestamptz, int8, int8, int8, int8, text, timestamptz, text, int8, int8, int8, int8, bytea, uuid, int8, timestamptz, text, int8, timestamptz, text, text
SELECT r.review_id, r.revision, r.item_id, r.reason, r.rule, r.stream, r.rank, r.band, r.opened_at,
	r.item_revision, r.model_version, r.policy_version, e.revision, e.outcome, e.ended_at,
	e.ended_by, e.rank, e.item_revision, e.model_version, e.policy_version, e.digest,
	e.override_id, s.revision, s.marked_at, s.word, l.revision, l.marked_at, l.word,
	t.notes
FROM winnow.reviews r
LEFT JOIN winnow.review_ends e ON e.workspace_id = $1 AND e.review_id = r.review_id
LEFT JOIN winnow.review_marks s ON s.workspace_id = $1 AND s.review_id = r.review_id AND s.mark = 'escalated'
LEFT JOIN winnow.review_marks l ON l.workspace_id = $1 AND l.review_id = r.review_id AND l.mark = 'lapsed'
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = e.text_ref
WHERE r.workspace_id = $1 AND r.review_id = ANY($2::uuid[])
