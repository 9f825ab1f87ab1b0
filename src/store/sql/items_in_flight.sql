-- (uuid, text[]) -> uuid, text, text, text, text, float8, text
-- Items of these statuses ($2), each looked up by itself: joined, the planner reads all versions of the
-- workspace where it has no statistics yet. The index leaves the status "open" out, which is of another class
-- in most vocabularies; where it is not, the second part looks at the whole workspace.
SELECT i.item_id, i.source, i.external_id, i.stream, i.team, v.estimate, t.assignee
FROM unnest($2::text[]) AS want(status)
CROSS JOIN LATERAL (
	SELECT item_id, source, external_id, stream, team
	FROM winnow.items
	WHERE workspace_id = $1 AND status = want.status AND status <> 'open'
	UNION ALL
	SELECT item_id, source, external_id, stream, team
	FROM winnow.items
	WHERE workspace_id = $1 AND status = 'open' AND want.status = 'open') i
CROSS JOIN LATERAL (
	SELECT estimate, text_ref
	FROM winnow.item_versions
	WHERE workspace_id = $1 AND item_id = i.item_id
	ORDER BY revision DESC
	LIMIT 1) v
LEFT JOIN LATERAL (
	SELECT assignee
	FROM winnow.item_texts
	WHERE workspace_id = $1 AND ref = v.text_ref
	LIMIT 1) t ON true
ORDER BY i.item_id
