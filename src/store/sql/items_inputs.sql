-- (uuid, uuid[]) -> uuid, int8, uuid
SELECT item_id, revision, input_digest
FROM winnow.items
WHERE workspace_id = $1 AND item_id = ANY ($2) AND input_digest IS NOT NULL
