-- (uuid, text, int8) -> bytea
-- What people wrote who decided, as far as it is there still, in the records with this subject ($3 is 0), or in
-- that of this revision ($2 is null). An override and a review are also found where what decided them has another
-- subject: a proposal, with all that was said of it, a review, a batch. One row of NULL where such a record has none; no row where there is
-- no such record. The texts of items are none of these. Why something was erased goes by its revision alone: its record
-- may have the very subject.
WITH record AS (
	SELECT a.revision FROM winnow.audit_records a
	WHERE a.workspace_id = $1 AND a.subject = $2
	UNION
	SELECT o.revision FROM winnow.overrides o
	WHERE o.workspace_id = $1 AND 'override:' || o.override_id::text = $2
	UNION
	SELECT a.revision FROM winnow.proposal_ends e
	JOIN winnow.audit_records a ON a.workspace_id = $1 AND a.subject = 'proposal:' || e.proposal_id::text
	WHERE e.workspace_id = $1 AND $2 LIKE 'override:%' AND e.result = $2
	UNION
	SELECT e.revision FROM winnow.review_ends e
	WHERE e.workspace_id = $1 AND 'review:' || e.review_id::text = $2
	UNION
	SELECT $3::int8 FROM winnow.workspace_heads h
	WHERE h.workspace_id = $1 AND $3::int8 BETWEEN 1 AND h.revision
), written AS (
	SELECT o.revision, o.text_ref FROM winnow.overrides o WHERE o.workspace_id = $1
	UNION ALL
	SELECT i.revision, i.text_ref FROM winnow.interventions i WHERE i.workspace_id = $1
	UNION ALL
	SELECT p.revision, p.text_ref FROM winnow.proposals p WHERE p.workspace_id = $1
	UNION ALL
	SELECT a.revision, a.text_ref FROM winnow.proposal_approvals a WHERE a.workspace_id = $1
	UNION ALL
	SELECT e.revision, e.text_ref FROM winnow.proposal_ends e WHERE e.workspace_id = $1
	UNION ALL
	SELECT e.revision, e.text_ref FROM winnow.review_ends e WHERE e.workspace_id = $1
	UNION ALL
	SELECT r.revision, r.text_ref FROM winnow.rankings r WHERE r.workspace_id = $1
	UNION ALL
	SELECT c.revision, c.text_ref FROM winnow.sweep_closings c WHERE c.workspace_id = $1
	UNION ALL
	SELECT e.revision, e.text_ref FROM winnow.erasures e WHERE e.workspace_id = $1 AND e.revision = $3::int8
), there AS (
	SELECT w.revision, w.text_ref
	FROM written w
	JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = w.text_ref
	WHERE num_nonnulls(t.title, t.body, t.url, t.assignee, t.reporter, t.notes) > 0
)
SELECT DISTINCT x.text_ref
FROM record r
LEFT JOIN there x ON x.revision = r.revision
ORDER BY x.text_ref
