-- (uuid, int8, int8) -> int8, uuid, uuid, text, int8, timestamptz, text, uuid[], bytea, bytea
SELECT revision, workspace_id, proposal_id, approver, revision, approved_at, person, line, digest,
	text_ref
FROM winnow.proposal_approvals
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
