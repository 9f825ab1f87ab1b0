-- (uuid, int8, int8) -> int8, uuid, uuid, int8, timestamptz, text, uuid, text, text, text, timestamptz, int8
SELECT revision, workspace_id, finding_id, revision, opened_at, kind, item_id, stream, name, other, since,
	seen_revision
FROM winnow.findings
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
