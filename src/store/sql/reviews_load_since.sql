-- (uuid, int8, int8) -> uuid, int8, uuid, text, text, text, int8, text, timestamptz, int8, int8, int8, int8, text, timestamptz, text, int8, int8, int8, int8, bytea, uuid, int8, timestamptz, text, int8, timestamptz, text
-- Those opened, ended or marked behind $3, by the indexes on revisions.
SELECT r.review_id, r.revision, r.item_id, r.reason, r.rule, r.stream, r.rank, r.band, r.opened_at,
	r.item_revision, r.model_version, r.policy_version, e.revision, e.outcome, e.ended_at,
	e.ended_by, e.rank, e.item_revision, e.model_version, e.policy_version, e.digest,
	e.override_id, s.revision, s.marked_at, s.word, l.revision, l.marked_at, l.word
FROM (SELECT review_id FROM winnow.reviews
	WHERE workspace_id = $1 AND revision > $3 AND revision <= $2
	UNION
	SELECT review_id FROM winnow.review_ends
	WHERE workspace_id = $1 AND revision > $3 AND revision <= $2
	UNION
	SELECT review_id FROM winnow.review_marks
	WHERE workspace_id = $1 AND revision > $3 AND revision <= $2) touched
JOIN winnow.reviews r ON r.workspace_id = $1 AND r.review_id = touched.review_id
	AND r.revision <= $2
LEFT JOIN winnow.review_ends e ON e.workspace_id = $1 AND e.review_id = r.review_id
	AND e.revision <= $2
LEFT JOIN winnow.review_marks s ON s.workspace_id = $1 AND s.review_id = r.review_id AND s.mark = 'escalated'
	AND s.revision <= $2
LEFT JOIN winnow.review_marks l ON l.workspace_id = $1 AND l.review_id = r.review_id AND l.mark = 'lapsed'
	AND l.revision <= $2
ORDER BY r.revision, r.review_id
