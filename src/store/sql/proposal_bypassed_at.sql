-- (uuid, int8) -> int8
SELECT count(*)
FROM winnow.proposal_ends e
WHERE e.workspace_id = $1 AND e.revision = $2 AND e.state = 'bypassed'
