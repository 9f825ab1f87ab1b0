-- (uuid, uuid[]) -> uuid, int8, int8, text, text, text, text, text, text, text[], float8, timestamptz, timestamptz, timestamptz, uuid[], int2[], float8[], int4, bytea, text, timestamptz, text, text, text, text, text, text
-- The time is looked up by revision: a join with the view would read the whole log (docs/performance.md).
SELECT v.item_id, v.revision, v.first_revision, v.source, v.external_id, v.status, v.stream,
	v.kind, v.team, v.labels, v.estimate, v.created_at, v.updated_at, v.due_at, v.blocked_by,
	v.feature_ids, v.feature_values, v.text_present, v.text_ref, v.extra, a.at, t.title,
	t.body, t.url, t.assignee, t.reporter, t.notes
FROM unnest($2::uuid[]) AS want(item_id)
CROSS JOIN LATERAL (
	SELECT item_id, revision, first_revision, source, external_id, status, stream,
		kind, team, labels, estimate, created_at, updated_at, due_at, blocked_by,
		feature_ids, feature_values, text_present, text_ref, extra
	FROM winnow.item_versions
	WHERE workspace_id = $1 AND item_id = want.item_id
	ORDER BY revision DESC
	LIMIT 1) v
LEFT JOIN LATERAL (
	SELECT m.at
	FROM winnow.record_marks m
	WHERE m.workspace_id = $1 AND m.revision = v.revision
	LIMIT 1) a ON true
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = v.text_ref
