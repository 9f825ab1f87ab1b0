-- (item_texts[]) -> ()
INSERT INTO winnow.item_texts
SELECT * FROM unnest($1::winnow.item_texts[])
ON CONFLICT (workspace_id, ref) DO NOTHING
