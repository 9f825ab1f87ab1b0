-- (uuid, timestamptz, uuid, text, int8) -> uuid, timestamptz, timestamptz, text, text[], text, text, text, text, uuid[], int8, text[]
-- What is older than $2, or of $2 with an id below $3; of one actor or of all.
SELECT access_id, at, expires_at, actor, roles, request_id, method, target, ranking, items, item_count,
	features
FROM winnow.access_records
WHERE workspace_id = $1 AND at <= $2 AND (at < $2 OR access_id < $3)
	AND ($4::text IS NULL OR actor = $4)
ORDER BY at DESC, access_id DESC
LIMIT $5
