-- (uuid, uuid, bool) -> bytea
-- The texts of all versions of an item, and with $3 of what people decided about it, that are there
-- still: overrides, reviews, and proposals of overrides, whatever became of them. A proposal's body names
-- its item by the id or by source and external id, or the override that is to end.
WITH proposed AS (
	SELECT p.proposal_id, p.text_ref,
		CASE WHEN p.change = 'override' THEN p.body::jsonb -> 'item' END AS item,
		CASE WHEN p.change = 'override' THEN lower(p.body::jsonb ->> 'revoke') END AS revoked
	FROM winnow.proposals p
	WHERE p.workspace_id = $1
), about AS (
	SELECT p.proposal_id, p.text_ref
	FROM proposed p
	JOIN winnow.items i ON i.workspace_id = $1 AND i.item_id = $2
	WHERE lower(p.item #>> '{}') = i.item_id::text
		OR (p.item ->> 'source' = i.source AND p.item ->> 'external_id' = i.external_id)
		OR p.revoked IN (SELECT o.override_id::text FROM winnow.overrides o
			WHERE o.workspace_id = $1 AND o.item_id = i.item_id)
)
SELECT t.ref
FROM winnow.item_texts t
WHERE t.workspace_id = $1 AND t.ref IN (
		SELECT v.text_ref FROM winnow.item_versions v
		WHERE v.workspace_id = $1 AND v.item_id = $2
		UNION
		SELECT o.text_ref FROM winnow.overrides o
		WHERE $3 AND o.workspace_id = $1 AND o.item_id = $2
		UNION
		SELECT e.text_ref FROM winnow.reviews r
		JOIN winnow.review_ends e ON e.workspace_id = $1 AND e.review_id = r.review_id
		WHERE $3 AND r.workspace_id = $1 AND r.item_id = $2
		UNION
		SELECT a.text_ref FROM about a WHERE $3
		UNION
		SELECT b.text_ref FROM about a
		JOIN winnow.proposal_approvals b ON b.workspace_id = $1 AND b.proposal_id = a.proposal_id
		WHERE $3
		UNION
		SELECT e.text_ref FROM about a
		JOIN winnow.proposal_ends e ON e.workspace_id = $1 AND e.proposal_id = a.proposal_id
		WHERE $3)
	AND num_nonnulls(t.title, t.body, t.url, t.assignee, t.reporter, t.notes) > 0
ORDER BY t.ref
