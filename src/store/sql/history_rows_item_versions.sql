-- (uuid, int8, int8) -> int8, uuid, uuid, int8, int8, text, text, text, text, text, text, text[], float8, timestamptz, timestamptz, timestamptz, uuid[], int2[], float8[], int4, bytea, text
SELECT revision, workspace_id, item_id, revision, first_revision, source, external_id, status,
	stream, kind, team, labels, estimate, created_at, updated_at, due_at, blocked_by,
	feature_ids, feature_values, text_present, text_ref, extra
FROM winnow.item_versions
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
