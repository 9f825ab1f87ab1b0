-- (uuid, int8, uuid, int8, int8) -> uuid, int8, timestamptz, text, uuid, text, text, text, timestamptz, int8, timestamptz, text
-- What was told behind ($2, $3) by revision and finding, in that order: how findings appeared (their end is
-- absent) and ended. $4: 1 for the appearance of those alone that have not ended.
SELECT f.finding_id, f.revision, f.opened_at, f.kind, f.item_id, f.stream, f.name, f.other, f.since,
	c.ended_revision, c.ended_at, c.why
FROM (
	SELECT o.revision, o.finding_id, NULL::int8 AS ended_revision, NULL::timestamptz AS ended_at,
		NULL::text AS why
	FROM winnow.findings o
	WHERE o.workspace_id = $1 AND (o.revision, o.finding_id) > ($2, $3) AND ($4::int8 = 0 OR NOT EXISTS (
		SELECT 1 FROM winnow.finding_ends n
		WHERE n.workspace_id = $1 AND n.finding_id = o.finding_id))
	UNION ALL
	SELECT e.revision, e.finding_id, e.revision, e.ended_at, e.why
	FROM winnow.finding_ends e
	WHERE e.workspace_id = $1 AND (e.revision, e.finding_id) > ($2, $3) AND $4::int8 = 0) c
JOIN winnow.findings f ON f.workspace_id = $1 AND f.finding_id = c.finding_id
ORDER BY c.revision, c.finding_id
LIMIT $5
