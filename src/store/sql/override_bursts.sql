-- (uuid, int8, int8, int8, int8, int8, int8) -> text, text, int8, int8, int8, int8, int8
-- Overrides by stream and kind, of five periods that end at revisions $3 … $7; the oldest begins behind $2. How
-- many in the last one and in those before, the latest first.
SELECT i.stream, o.kind, count(*) FILTER (WHERE o.revision > $6),
	count(*) FILTER (WHERE o.revision > $5 AND o.revision <= $6),
	count(*) FILTER (WHERE o.revision > $4 AND o.revision <= $5),
	count(*) FILTER (WHERE o.revision > $3 AND o.revision <= $4),
	count(*) FILTER (WHERE o.revision <= $3)
FROM winnow.overrides o
JOIN winnow.items i ON i.workspace_id = $1 AND i.item_id = o.item_id
WHERE o.workspace_id = $1 AND o.revision > $2 AND o.revision <= $7
GROUP BY i.stream, o.kind
ORDER BY i.stream, o.kind
