-- (uuid, int8, int8) -> int8, uuid, uuid, int8, uuid, uuid, text, text, float8, timestamptz, text
SELECT revision, workspace_id, comparison_id, revision, before_id, after_id, before_name,
	after_name, ratio, made_at, author
FROM winnow.comparisons
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
