-- (uuid, bytea[]) -> bytea, text, text
-- What is there of texts: titles, and the notes of what people decided.
SELECT t.ref, t.title, t.notes
FROM winnow.item_texts t
WHERE t.workspace_id = $1 AND t.ref = ANY ($2)
ORDER BY t.ref
