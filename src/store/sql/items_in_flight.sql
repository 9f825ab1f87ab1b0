-- (uuid, text[]) -> uuid, text, text, text, text, float8, text
-- Items of these statuses ($2). The index leaves the status "open" out, which is of another class in most
-- vocabularies; where it is not, the second part looks at the whole workspace.
SELECT i.item_id, i.source, i.external_id, i.stream, i.team, v.estimate, t.assignee
FROM (
	SELECT item_id, revision, source, external_id, stream, team
	FROM winnow.items
	WHERE workspace_id = $1 AND status = ANY ($2) AND status <> 'open'
	UNION ALL
	SELECT item_id, revision, source, external_id, stream, team
	FROM winnow.items
	WHERE workspace_id = $1 AND status = 'open' AND 'open' = ANY ($2)) i
JOIN winnow.item_versions v ON v.workspace_id = $1 AND v.item_id = i.item_id
	AND v.revision = i.revision
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = v.text_ref
ORDER BY i.item_id
