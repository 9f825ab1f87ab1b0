-- (uuid, uuid[], int8, text, text) -> uuid, timestamptz, text
-- Since when each of these items ($2) has been, at revision $3, of the status $4 or, that being NULL, of
-- the label $5: the time of the first version behind the last one that was not. Both NULL: since it was first
-- stored. And its assignee then.
SELECT want.item_id, a.at, t.assignee
FROM unnest($2::uuid[]) AS want(item_id)
CROSS JOIN LATERAL (
	SELECT coalesce(max(p.revision), 0) AS revision
	FROM winnow.item_versions p
	WHERE p.workspace_id = $1 AND p.item_id = want.item_id AND p.revision <= $3
		AND ($4::text IS NOT NULL OR $5::text IS NOT NULL)
		AND NOT CASE WHEN $4::text IS NULL THEN $5 = ANY (p.labels) ELSE p.status = $4 END
	) before
CROSS JOIN LATERAL (
	SELECT v.revision
	FROM winnow.item_versions v
	WHERE v.workspace_id = $1 AND v.item_id = want.item_id AND v.revision > before.revision
		AND v.revision <= $3
	ORDER BY v.revision
	LIMIT 1) since
CROSS JOIN LATERAL (
	SELECT v.text_ref
	FROM winnow.item_versions v
	WHERE v.workspace_id = $1 AND v.item_id = want.item_id AND v.revision <= $3
	ORDER BY v.revision DESC
	LIMIT 1) last
CROSS JOIN LATERAL (
	SELECT m.at
	FROM winnow.record_marks m
	WHERE m.workspace_id = $1 AND m.revision = since.revision
	LIMIT 1) a
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = last.text_ref
ORDER BY want.item_id
