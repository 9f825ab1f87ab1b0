-- (uuid, uuid[], int8) -> uuid, int8, uuid, text, text, text, int8, text, timestamptz, int8, int8, int8, int8, text, timestamptz, text, int8, int8, int8, int8, bytea, uuid, int8, timestamptz, text, int8, timestamptz, text
-- What there is of these items: open ones, approvals that have not lapsed, and what ended behind $3.
SELECT r.review_id, r.revision, r.item_id, r.reason, r.rule, r.stream, r.rank, r.band, r.opened_at,
	r.item_revision, r.model_version, r.policy_version, e.revision, e.outcome, e.ended_at,
	e.ended_by, e.rank, e.item_revision, e.model_version, e.policy_version, e.digest,
	e.override_id, s.revision, s.marked_at, s.word, l.revision, l.marked_at, l.word
FROM winnow.reviews r
LEFT JOIN winnow.review_ends e ON e.workspace_id = $1 AND e.review_id = r.review_id
LEFT JOIN winnow.review_marks s ON s.workspace_id = $1 AND s.review_id = r.review_id AND s.mark = 'escalated'
LEFT JOIN winnow.review_marks l ON l.workspace_id = $1 AND l.review_id = r.review_id AND l.mark = 'lapsed'
WHERE r.workspace_id = $1 AND r.item_id = ANY($2::uuid[])
	AND (e.revision IS NULL OR (e.outcome IN ('approved', 'adjusted') AND l.revision IS NULL) OR e.revision > $3)
ORDER BY r.revision, r.review_id
