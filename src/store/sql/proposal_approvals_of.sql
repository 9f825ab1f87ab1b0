-- (uuid, uuid[]) -> uuid, text, int8, timestamptz, text, uuid[], text
SELECT a.proposal_id, a.approver, a.revision, a.approved_at, a.person, a.line, t.notes
FROM winnow.proposal_approvals a
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = a.text_ref
WHERE a.workspace_id = $1 AND a.proposal_id = ANY ($2)
ORDER BY a.revision
