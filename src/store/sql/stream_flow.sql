-- (uuid, int8, timestamptz, text, text[]) -> timestamptz, int8, int8
-- By week (Monday 00:00 UTC): how many items came into the open backlog of stream $4, and how many left it,
-- by revisions up to $2, from time $3 on. Open are the statuses $5. An item that came and left within one
-- revision is neither.
SELECT date_trunc('week', x.at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC',
	count(*) FILTER (WHERE x.is_in), count(*) FILTER (WHERE NOT x.is_in)
FROM (
	SELECT a.at, v.stream = $4 AND v.status = ANY ($5) AS is_in,
		coalesce(p.stream = $4 AND p.status = ANY ($5), false) AS was_in
	FROM winnow.record_marks a
	JOIN winnow.item_versions v ON v.workspace_id = $1 AND v.revision = a.revision
	LEFT JOIN LATERAL (
		SELECT b.stream, b.status
		FROM winnow.item_versions b
		WHERE b.workspace_id = $1 AND b.item_id = v.item_id AND b.revision < v.revision
			AND v.revision > v.first_revision
		ORDER BY b.revision DESC
		LIMIT 1) p ON true
	WHERE a.workspace_id = $1 AND a.revision <= $2 AND a.at >= $3) x
WHERE x.is_in <> x.was_in
GROUP BY 1
ORDER BY 1
