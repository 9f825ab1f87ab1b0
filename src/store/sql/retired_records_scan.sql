-- (uuid, int8) -> int8, timestamptz, bytea
SELECT revision, at, hash
FROM winnow.retired_records
WHERE workspace_id = $1 AND revision <= $2
ORDER BY revision
