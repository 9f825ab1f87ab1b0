-- (uuid, int8, int8, text[], float8[], float8[], int8) -> int4, text, float8, bool
-- How long items were in flight (statuses $4), by span and stream, in s added up over items. Spans are [$5, $6)
-- in s since 1970, none before revision $2 was made; as of revision $3. What was in flight then or since either
-- still is or has a version since: nothing else is looked at. Of those versions the newest $7 count; the
-- last column says that there were as many.
WITH recent AS MATERIALIZED (
	SELECT item_id, revision, stream, status
	FROM winnow.item_versions
	WHERE workspace_id = $1 AND revision > $2 AND revision <= $3
	ORDER BY revision DESC
	LIMIT $7
), touched AS MATERIALIZED (
	SELECT item_id FROM recent
	UNION
	SELECT item_id FROM winnow.items
	WHERE workspace_id = $1 AND status = ANY ($4) AND status <> 'open'
	UNION
	SELECT item_id FROM winnow.items
	WHERE workspace_id = $1 AND status = 'open' AND 'open' = ANY ($4)
), known AS (
	SELECT item_id, revision, stream, status FROM recent
	UNION ALL
	SELECT t.item_id, b.revision, b.stream, b.status
	FROM touched t
	CROSS JOIN LATERAL (
		SELECT p.revision, p.stream, p.status
		FROM winnow.item_versions p
		WHERE p.workspace_id = $1 AND p.item_id = t.item_id AND p.revision <= $2
		ORDER BY p.revision DESC
		LIMIT 1) b
), times AS (
	SELECT k.item_id, k.revision, k.stream, k.status, coalesce((SELECT a.at
		FROM winnow.audit_records a
		WHERE a.workspace_id = $1 AND a.revision = k.revision), '-infinity') AS begun
	FROM known k
), spells AS (
	SELECT t.stream, t.status, t.begun,
		lead(t.begun, 1, 'infinity') OVER (PARTITION BY t.item_id ORDER BY t.revision) AS ended
	FROM times t
)
SELECT (w.place - 1)::int4, s.stream,
	sum(extract(epoch FROM least(s.ended, to_timestamp(w.until_s))
		- greatest(s.begun, to_timestamp(w.from_s))))::float8,
	(SELECT count(*) FROM recent) = $7
FROM unnest($5::float8[], $6::float8[]) WITH ORDINALITY AS w(from_s, until_s, place)
JOIN spells s ON s.status = ANY ($4) AND s.begun < to_timestamp(w.until_s)
	AND s.ended > to_timestamp(w.from_s)
GROUP BY w.place, s.stream
ORDER BY w.place, s.stream
