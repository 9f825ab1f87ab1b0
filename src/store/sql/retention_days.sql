-- (uuid) -> int8
-- What the settings say; NULL: for ever.
SELECT (body::jsonb ->> 'retention_days')::int8
FROM winnow.documents
WHERE workspace_id = $1 AND kind = 'settings' AND name = 'workspace'
ORDER BY revision DESC
LIMIT 1
