-- (uuid, uuid, int8, int8) -> uuid, int8, int8, text, text, text, text, text, text, text[], float8, timestamptz, timestamptz, timestamptz, uuid[], int2[], float8[], int4, bytea, text, timestamptz, text, text, text, text, text, text
-- Up to the revision to which the history is retired none but the last one: of those before it some are gone.
SELECT v.item_id, v.revision, v.first_revision, v.source, v.external_id, v.status, v.stream,
	v.kind, v.team, v.labels, v.estimate, v.created_at, v.updated_at, v.due_at, v.blocked_by,
	v.feature_ids, v.feature_values, v.text_present, v.text_ref, v.extra, a.at, t.title,
	t.body, t.url, t.assignee, t.reporter, t.notes
FROM winnow.item_versions v
LEFT JOIN LATERAL (
	SELECT m.at
	FROM winnow.record_marks m
	WHERE m.workspace_id = $1 AND m.revision = v.revision
	LIMIT 1) a ON true
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = v.text_ref
WHERE v.workspace_id = $1 AND v.item_id = $2 AND v.revision < $3
	AND v.revision >= coalesce((SELECT max(l.revision) FROM winnow.item_versions l
		WHERE l.workspace_id = $1 AND l.item_id = $2 AND l.revision <= (SELECT max(t.size) FROM winnow.retirements t
			WHERE t.workspace_id = $1)), 0)
ORDER BY v.revision DESC
LIMIT $4
