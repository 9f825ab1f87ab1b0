-- (uuid, timestamptz) -> uuid
SELECT o.override_id
FROM winnow.overrides o
LEFT JOIN winnow.override_ends e ON e.workspace_id = $1 AND e.override_id = o.override_id
WHERE o.workspace_id = $1 AND o.expires_at <= $2 AND e.override_id IS NULL
ORDER BY o.override_id
