-- (uuid, int8) -> int8, bytea, timestamptz, int8, bytea, int8, bool, bool, bool
-- The head, and what else than items has been written since $2, so that nobody asks for what is not there.
SELECT h.revision, h.hash, h.at, h.config_revision, h.salt,
	(SELECT coalesce(max(t.size), 0) FROM winnow.retirements t WHERE t.workspace_id = h.workspace_id),
	EXISTS (SELECT 1 FROM winnow.overrides o WHERE o.workspace_id = $1 AND o.revision > $2)
		OR EXISTS (SELECT 1 FROM winnow.override_ends e WHERE e.workspace_id = $1 AND e.revision > $2),
	EXISTS (SELECT 1 FROM winnow.comparisons c WHERE c.workspace_id = $1 AND c.revision > $2),
	EXISTS (SELECT 1 FROM winnow.reviews r WHERE r.workspace_id = $1 AND r.revision > $2)
		OR EXISTS (SELECT 1 FROM winnow.review_ends n WHERE n.workspace_id = $1 AND n.revision > $2)
		OR EXISTS (SELECT 1 FROM winnow.review_marks m WHERE m.workspace_id = $1 AND m.revision > $2)
FROM winnow.workspace_heads h
WHERE h.workspace_id = $1
