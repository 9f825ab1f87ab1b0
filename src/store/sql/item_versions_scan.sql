-- (uuid, int8) -> uuid, int8, int8, text, text, text, text, text, text, text[], float8, timestamptz, timestamptz, timestamptz, uuid[], int2[], float8[], int4, bytea, text, text, text
-- All of them, in no order: what has no newer version. Two hash joins over sequential scans,
-- without a sort of wide rows.
SELECT v.item_id, v.revision, v.first_revision, v.source, v.external_id, v.status, v.stream,
	v.kind, v.team, v.labels, v.estimate, v.created_at, v.updated_at, v.due_at, v.blocked_by,
	v.feature_ids, v.feature_values, v.text_present, v.text_ref, v.extra, t.title, t.assignee
FROM winnow.item_versions v
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = v.text_ref
WHERE v.workspace_id = $1 AND v.revision <= $2
	AND NOT EXISTS (SELECT 1 FROM winnow.item_versions n
		WHERE n.workspace_id = $1 AND n.item_id = v.item_id AND n.revision > v.revision
			AND n.revision <= $2)
