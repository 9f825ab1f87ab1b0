-- (uuid) -> bytea, text, text, text, text, text, text
SELECT ref, title, body, url, assignee, reporter, notes
FROM winnow.item_texts
WHERE workspace_id = $1
