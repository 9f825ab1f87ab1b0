-- (uuid, int8, int8) -> int8, uuid, uuid, text, int8, timestamptz, text
SELECT revision, workspace_id, review_id, mark, revision, marked_at, word
FROM winnow.review_marks
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
