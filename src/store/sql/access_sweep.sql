-- (timestamptz, int8) -> int8
-- In the system workspace: through all of them. The lock is for one daemon at a time; the others find 0
-- and leave it to that one.
WITH alone AS MATERIALIZED (
	SELECT pg_catalog.pg_try_advisory_xact_lock(131294708002681) AS locked
), swept AS (
	DELETE FROM winnow.access_records a
	USING (
		SELECT workspace_id, access_id
		FROM winnow.access_records
		WHERE expires_at <= $1 AND (SELECT locked FROM alone)
		ORDER BY expires_at
		LIMIT $2
	) AS due
	WHERE a.workspace_id = due.workspace_id AND a.access_id = due.access_id
	RETURNING 1
)
SELECT count(*) FROM swept
