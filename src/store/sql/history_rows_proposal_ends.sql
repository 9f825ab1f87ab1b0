-- (uuid, int8, int8) -> int8, uuid, uuid, int8, text, timestamptz, text, text, bytea
SELECT revision, workspace_id, proposal_id, revision, state, ended_at, ended_by, result, text_ref
FROM winnow.proposal_ends
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
