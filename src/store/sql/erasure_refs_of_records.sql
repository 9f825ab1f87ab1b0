-- (uuid, text, int8) -> bytea
-- What people wrote who decided, as far as it is there still, in the records with this subject ($3 is 0), or in
-- that of this revision ($2 is null). Rows tell themselves what they are of: their record may be retired, or have
-- another subject, as that of the proposal or the review that made an override, or of a batch. One row of NULL
-- where such a record has none; no row where there is no such record. The texts of items are none of these. Why
-- something was erased goes by its revision alone: its record may have the very subject.
WITH written AS (
	SELECT o.revision, 'override:' || o.override_id AS subject, o.text_ref
	FROM winnow.overrides o WHERE o.workspace_id = $1
	UNION ALL
	SELECT i.revision, NULL, i.text_ref FROM winnow.interventions i WHERE i.workspace_id = $1
	UNION ALL
	SELECT p.revision, 'proposal:' || p.proposal_id, p.text_ref
	FROM winnow.proposals p WHERE p.workspace_id = $1
	UNION ALL
	SELECT a.revision, 'proposal:' || a.proposal_id, a.text_ref
	FROM winnow.proposal_approvals a WHERE a.workspace_id = $1
	UNION ALL
	SELECT e.revision, 'proposal:' || e.proposal_id, e.text_ref
	FROM winnow.proposal_ends e WHERE e.workspace_id = $1
	UNION ALL
	SELECT e.revision, 'review:' || e.review_id, e.text_ref
	FROM winnow.review_ends e WHERE e.workspace_id = $1
	UNION ALL
	SELECT r.revision, 'ranking:' || r.ranking_id, r.text_ref
	FROM winnow.rankings r WHERE r.workspace_id = $1
	UNION ALL
	SELECT c.revision, 'sweep:' || c.sweep_id, c.text_ref
	FROM winnow.sweep_closings c WHERE c.workspace_id = $1
	UNION ALL
	SELECT e.revision, NULL, e.text_ref
	FROM winnow.erasures e WHERE e.workspace_id = $1 AND e.revision = $3::int8
), subject AS (
	SELECT $2 AS name
	UNION
	SELECT 'proposal:' || e.proposal_id FROM winnow.proposal_ends e
	WHERE e.workspace_id = $1 AND $2 LIKE 'override:%' AND e.result = $2
), record AS (
	SELECT a.revision FROM winnow.audit_records a
	JOIN subject s ON s.name = a.subject
	WHERE a.workspace_id = $1
	UNION
	SELECT w.revision FROM written w
	JOIN subject s ON s.name COLLATE "C" = w.subject
	UNION
	SELECT $3::int8 FROM winnow.workspace_heads h
	WHERE h.workspace_id = $1 AND $3::int8 BETWEEN 1 AND h.revision
)
SELECT DISTINCT t.ref
FROM record r
LEFT JOIN written w ON w.revision = r.revision
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = w.text_ref
	AND num_nonnulls(t.title, t.body, t.url, t.assignee, t.reporter, t.notes) > 0
ORDER BY t.ref
