-- (uuid) -> uuid, int8, timestamptz, text, uuid, text, text, text, timestamptz
-- Findings that were told and have not ended, oldest first.
SELECT f.finding_id, f.revision, f.opened_at, f.kind, f.item_id, f.stream, f.name, f.other, f.since
FROM winnow.findings f
WHERE f.workspace_id = $1 AND NOT EXISTS (
	SELECT 1 FROM winnow.finding_ends e WHERE e.workspace_id = $1 AND e.finding_id = f.finding_id)
ORDER BY f.revision, f.finding_id
