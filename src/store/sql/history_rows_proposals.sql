-- (uuid, int8, int8) -> int8, uuid, uuid, int8, text, text, text, int8, bytea, text, int8, timestamptz, timestamptz, text, text, text, uuid[], bytea
SELECT revision, workspace_id, proposal_id, revision, change, name, body, base, digest, effect,
	needed, made_at, expires_at, author, author_kind, author_person, author_line, text_ref
FROM winnow.proposals
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
