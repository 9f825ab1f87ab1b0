-- (uuid, uuid, int8, text, text, text, text, text, text) -> uuid, int8, int8, text, text, text, text, text, text, text[], float8, timestamptz, timestamptz, timestamptz, uuid[], int2[], float8[], int4, bytea, text, timestamptz, text, text, text, text, text, text
-- $2: after this id; $3: at most so many; then source, external id, status, stream, kind, team,
-- each NULL for any. (An item of a known source and external id is found by its id.)
SELECT v.item_id, v.revision, v.first_revision, v.source, v.external_id, v.status, v.stream,
	v.kind, v.team, v.labels, v.estimate, v.created_at, v.updated_at, v.due_at, v.blocked_by,
	v.feature_ids, v.feature_values, v.text_present, v.text_ref, v.extra, a.at, t.title,
	t.body, t.url, t.assignee, t.reporter, t.notes
FROM (
	SELECT item_id, revision
	FROM winnow.items
	WHERE workspace_id = $1 AND item_id > $2
		AND ($4::text IS NULL OR source = $4) AND ($5::text IS NULL OR external_id = $5)
		AND ($6::text IS NULL OR status = $6) AND ($7::text IS NULL OR stream = $7)
		AND ($8::text IS NULL OR kind = $8) AND ($9::text IS NULL OR team = $9)
	ORDER BY item_id
	LIMIT $3) i
JOIN winnow.item_versions v ON v.workspace_id = $1 AND v.item_id = i.item_id
	AND v.revision = i.revision
LEFT JOIN LATERAL (
	SELECT m.at
	FROM winnow.record_marks m
	WHERE m.workspace_id = $1 AND m.revision = v.revision
	LIMIT 1) a ON true
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = v.text_ref
ORDER BY v.item_id
