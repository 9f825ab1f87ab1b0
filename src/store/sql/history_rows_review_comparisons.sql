-- (uuid, int8, int8) -> int8, uuid, uuid, int8, uuid
SELECT revision, workspace_id, comparison_id, revision, review_id
FROM winnow.review_comparisons
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
