-- (uuid, int4, int8, uuid, int8) -> uuid, int8, uuid, uuid, text, text, float8, timestamptz, text
-- $2: 1 of criteria, 0 of items, -1 both. What is older than $3, or of $3 with an id below $4.
SELECT comparison_id, revision, before_id, after_id, before_name, after_name, ratio, made_at,
	author
FROM winnow.comparisons
WHERE workspace_id = $1 AND ($2 < 0 OR (before_name IS NOT NULL) = ($2 > 0))
	AND revision <= $3 AND (revision < $3 OR comparison_id < $4)
ORDER BY revision DESC, comparison_id DESC
LIMIT $5
