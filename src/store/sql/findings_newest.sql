-- (uuid) -> int8
-- The revision that told of findings last.
SELECT greatest(
	(SELECT max(f.revision) FROM winnow.findings f WHERE f.workspace_id = $1),
	(SELECT max(e.revision) FROM winnow.finding_ends e WHERE e.workspace_id = $1), 0)
