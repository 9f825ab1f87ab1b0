-- (uuid, float8[]) -> int8
-- For each of these times ($2, s since 1970, in order): the last revision that was made before it; 0 when there
-- is none. Times of revisions never go back, so each is found by halving, by the key alone.
WITH RECURSIVE log AS (
	SELECT (SELECT revision FROM winnow.audit_records WHERE workspace_id = $1
			ORDER BY revision LIMIT 1) - 1 AS low,
		(SELECT revision FROM winnow.audit_records WHERE workspace_id = $1
			ORDER BY revision DESC LIMIT 1) AS high
), search AS (
	SELECT w.place, to_timestamp(w.at_s) AS at, coalesce(log.low, 0) AS low,
		coalesce(log.high, 0) AS high
	FROM unnest($2::float8[]) WITH ORDINALITY AS w(at_s, place) CROSS JOIN log
	UNION ALL
	SELECT s.place, s.at, CASE WHEN a.at < s.at THEN a.revision ELSE s.low END,
		CASE WHEN a.at < s.at THEN s.high ELSE a.revision - 1 END
	FROM search s
	JOIN winnow.audit_records a ON a.workspace_id = $1 AND a.revision = (s.low + s.high + 1) / 2
	WHERE s.low < s.high
)
SELECT low FROM search WHERE low = high ORDER BY place
