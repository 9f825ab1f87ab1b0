-- (uuid, int4, int8, int8) -> uuid, int8, uuid, uuid, text, text, float8, timestamptz, text, uuid
SELECT c.comparison_id, c.revision, c.before_id, c.after_id, c.before_name, c.after_name, c.ratio,
	c.made_at, c.author, o.review_id
FROM winnow.comparisons c
LEFT JOIN winnow.review_comparisons o ON o.workspace_id = $1 AND o.comparison_id = c.comparison_id
WHERE c.workspace_id = $1 AND (c.before_name IS NOT NULL) = ($2 <> 0) AND c.revision > $3
	AND c.revision <= $4
ORDER BY c.revision, c.comparison_id
