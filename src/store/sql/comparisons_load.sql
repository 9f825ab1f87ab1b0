-- (uuid, int4, int8, int8) -> uuid, int8, uuid, uuid, text, text, float8, timestamptz, text
SELECT comparison_id, revision, before_id, after_id, before_name, after_name, ratio, made_at,
	author
FROM winnow.comparisons
WHERE workspace_id = $1 AND (before_name IS NOT NULL) = ($2 <> 0) AND revision > $3
	AND revision <= $4
ORDER BY revision, comparison_id
