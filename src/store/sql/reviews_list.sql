-- (uuid, text, text, text, uuid, int8, uuid, int8) -> uuid, int8, uuid, text, text, text, int8, text, timestamptz, int8, int8, int8, int8, text, timestamptz, text, int8, int8, int8, int8, bytea, uuid, int8, timestamptz, text, int8, timestamptz, text, text
-- $2: ended (by a person), or open, decided (and the approval, if it is one, has not lapsed) or lapsed (that, or withdrawn).
-- What is older than $6, or of $6 with an id below $7.
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
WHERE r.workspace_id = $1
	AND ($2::text IS NULL OR ($2 = 'ended' AND e.outcome <> 'withdrawn') OR $2 = CASE WHEN e.revision IS NULL THEN 'open'
		WHEN e.outcome = 'withdrawn' OR l.revision IS NOT NULL THEN 'lapsed'
		ELSE 'decided' END)
	AND ($3::text IS NULL OR r.stream = $3) AND ($4::text IS NULL OR r.reason = $4)
	AND ($5::uuid IS NULL OR r.item_id = $5)
	AND r.revision <= $6 AND (r.revision < $6 OR r.review_id < $7)
ORDER BY r.revision DESC, r.review_id DESC
LIMIT $8
