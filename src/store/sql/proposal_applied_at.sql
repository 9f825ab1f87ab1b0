-- (uuid, int8) -> int8, int8
SELECT count(*), count(*) FILTER (WHERE e.state = 'bypassed')
FROM winnow.proposal_ends e
WHERE e.workspace_id = $1 AND e.revision = $2 AND e.state IN ('applied', 'bypassed')
