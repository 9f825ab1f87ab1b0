-- (uuid, timestamptz, timestamptz) -> int8, int8
-- The first revision at or after $2 and the last one before $3 (NULL: without an end); NULL where there is none.
SELECT min(a.revision) FILTER (WHERE a.at >= $2), max(a.revision) FILTER (WHERE coalesce(a.at < $3::timestamptz, true))
FROM winnow.audit_records a
WHERE a.workspace_id = $1
