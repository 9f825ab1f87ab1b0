-- (uuid, int8, int8) -> int8, bytea
SELECT revision, hash
FROM winnow.record_marks
WHERE workspace_id = $1 AND revision > $2 AND revision <= $3
ORDER BY revision
