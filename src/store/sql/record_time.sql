-- (uuid, int8) -> timestamptz
SELECT at
FROM winnow.record_marks
WHERE workspace_id = $1 AND revision = $2
