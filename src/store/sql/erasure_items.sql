-- (uuid, bytea[], int8) -> uuid
-- Items of which a version has one of these texts. There is no index by text: this is rare, and reads
-- the whole history once.
SELECT DISTINCT item_id
FROM winnow.item_versions
WHERE workspace_id = $1 AND text_ref = ANY ($2)
ORDER BY item_id
LIMIT $3
