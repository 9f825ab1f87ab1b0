-- (uuid, bytea[]) -> ()
UPDATE winnow.item_texts
SET title = NULL, body = NULL, url = NULL, assignee = NULL, reporter = NULL, notes = NULL
WHERE workspace_id = $1 AND ref = ANY ($2)
