-- (uuid, int8, int8, int8, int8, int8, int8, int8, int8) -> text, uuid, timestamptz, int8, int8, int8, int8, int8
-- Who reported at least $8 items in the last of five periods; the periods end at revisions $3 … $7, the oldest
-- begins behind $2. With the first item of the last period, its time, and how many there were in it and
-- in the ones before, the latest first. At most the newest $9 items are looked at.
SELECT c.reporter, c.first, (SELECT a.at FROM winnow.audit_records a
		WHERE a.workspace_id = $1 AND a.revision = c.since),
	c.p4, c.p3, c.p2, c.p1, c.p0
FROM (
	SELECT r.reporter,
		(array_agg(r.item_id ORDER BY r.revision) FILTER (WHERE r.revision > $6))[1] AS first,
		min(r.revision) FILTER (WHERE r.revision > $6) AS since,
		count(*) FILTER (WHERE r.revision > $6) AS p4,
		count(*) FILTER (WHERE r.revision > $5 AND r.revision <= $6) AS p3,
		count(*) FILTER (WHERE r.revision > $4 AND r.revision <= $5) AS p2,
		count(*) FILTER (WHERE r.revision > $3 AND r.revision <= $4) AS p1,
		count(*) FILTER (WHERE r.revision <= $3) AS p0
	FROM (
		SELECT t.reporter, v.item_id, v.revision
		FROM winnow.item_versions v
		JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = v.text_ref
		WHERE v.workspace_id = $1 AND v.revision > $2 AND v.revision <= $7
			AND v.revision = v.first_revision AND t.reporter IS NOT NULL
		ORDER BY v.revision DESC
		LIMIT $9) r
	GROUP BY r.reporter) c
WHERE c.p4 >= $8
ORDER BY c.p4 DESC, c.reporter
