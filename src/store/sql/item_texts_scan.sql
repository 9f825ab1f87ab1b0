-- (uuid) -> bytea, bytea, text, text, text, text, text, text
-- Every text that a version names, and whether it is there: an erased one is, without content.
SELECT named.text_ref, t.ref, t.title, t.body, t.url, t.assignee, t.reporter, t.notes
FROM (SELECT DISTINCT v.text_ref FROM winnow.item_versions v
	WHERE v.workspace_id = $1 AND v.text_ref IS NOT NULL) named
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = named.text_ref
