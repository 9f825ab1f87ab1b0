-- (uuid, uuid, timestamptz, timestamptz, text, text[], text, text, text, text, uuid[], int8, text[]) -> ()
-- It may have been written already: whether it was is not always known.
INSERT INTO winnow.access_records (workspace_id, access_id, at, expires_at, actor, roles, request_id,
	method, target, ranking, items, item_count, features)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (workspace_id, access_id) DO NOTHING
