-- (uuid) -> bytea, bytea, bool, text, text, text, text, text, text
-- Every text that a row of the history names, whether it is there (an erased one is, without content),
-- and whether an erasure names it.
SELECT named.text_ref, t.ref, EXISTS (SELECT FROM winnow.erasure_texts x
		WHERE x.workspace_id = $1 AND x.ref = named.text_ref),
	t.title, t.body, t.url, t.assignee, t.reporter, t.notes
FROM (SELECT v.text_ref FROM winnow.item_versions v
	WHERE v.workspace_id = $1 AND v.text_ref IS NOT NULL
	UNION
	SELECT o.text_ref FROM winnow.overrides o WHERE o.workspace_id = $1
	UNION
	SELECT i.text_ref FROM winnow.interventions i WHERE i.workspace_id = $1
	UNION
	SELECT p.text_ref FROM winnow.proposals p WHERE p.workspace_id = $1
	UNION
	SELECT a.text_ref FROM winnow.proposal_approvals a WHERE a.workspace_id = $1
	UNION
	SELECT e.text_ref FROM winnow.proposal_ends e
	WHERE e.workspace_id = $1 AND e.text_ref IS NOT NULL
	UNION
	SELECT e.text_ref FROM winnow.review_ends e
	WHERE e.workspace_id = $1 AND e.text_ref IS NOT NULL
	UNION
	SELECT r.text_ref FROM winnow.rankings r
	WHERE r.workspace_id = $1 AND r.text_ref IS NOT NULL
	UNION
	SELECT c.text_ref FROM winnow.sweep_closings c WHERE c.workspace_id = $1
	UNION
	SELECT e.text_ref FROM winnow.erasures e WHERE e.workspace_id = $1) named
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = named.text_ref
