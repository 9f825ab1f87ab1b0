-- (uuid, int8, int8, int8, int8, int8, int8, int8, int8) -> text, uuid, timestamptz, int8, int8, int8, int8, int8
-- Who reported at least $8 items in the last of five periods; the periods end at revisions $3 … $7, the oldest
-- begins behind $2. With the first item of the last period, its time, and how many there were in it and
-- in the ones before, the latest first. At most the newest $9 items are looked at.
SELECT r.reporter, (array_agg(r.item_id ORDER BY r.revision) FILTER (WHERE r.revision > $6))[1],
	min(a.at), count(*) FILTER (WHERE r.revision > $6),
	count(*) FILTER (WHERE r.revision > $5 AND r.revision <= $6),
	count(*) FILTER (WHERE r.revision > $4 AND r.revision <= $5),
	count(*) FILTER (WHERE r.revision > $3 AND r.revision <= $4),
	count(*) FILTER (WHERE r.revision <= $3)
FROM (
	SELECT t.reporter, v.item_id, v.revision
	FROM winnow.item_versions v
	JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = v.text_ref
	WHERE v.workspace_id = $1 AND v.revision > $2 AND v.revision <= $7
		AND v.revision = v.first_revision AND t.reporter IS NOT NULL
	ORDER BY v.revision DESC
	LIMIT $9) r
LEFT JOIN winnow.audit_records a ON a.workspace_id = $1 AND a.revision = r.revision
	AND r.revision > $6
GROUP BY r.reporter
HAVING count(*) FILTER (WHERE r.revision > $6) >= $8
ORDER BY 4 DESC, 1
