-- (uuid, uuid, bool) -> bytea
-- The texts of all versions of an item, and with $3 of what people decided about it, that are there
-- still.
SELECT t.ref
FROM winnow.item_texts t
WHERE t.workspace_id = $1 AND t.ref IN (
		SELECT v.text_ref FROM winnow.item_versions v
		WHERE v.workspace_id = $1 AND v.item_id = $2
		UNION
		SELECT o.text_ref FROM winnow.overrides o
		WHERE $3 AND o.workspace_id = $1 AND o.item_id = $2)
	AND num_nonnulls(t.title, t.body, t.url, t.assignee, t.reporter, t.notes) > 0
ORDER BY t.ref
