-- (uuid, text, int8, int8) -> uuid, int8, text, text, text, int8, bytea, text, int8, timestamptz, timestamptz, text, text, text, uuid[], text, int8, text, timestamptz, text, text, text
-- $2: how it ended, "open" where it has not; NULL: any. A page must not be as large as all that was ever
-- proposed: of effects it has what they were compared with, and of what has ended no large bodies.
SELECT p.proposal_id, p.revision, p.change, p.name,
	CASE WHEN e.state IS NULL OR octet_length(p.body) <= 65536 THEN p.body ELSE '' END,
	p.base, p.digest, coalesce(substring(p.effect FROM '"base":[{][^}]*[}]'), ''), p.needed,
	p.made_at, p.expires_at, p.author, p.author_kind, p.author_person, p.author_line, t.notes,
	e.revision, e.state, e.ended_at, e.ended_by, e.result, et.notes
FROM winnow.proposals p
LEFT JOIN winnow.proposal_ends e ON e.workspace_id = $1 AND e.proposal_id = p.proposal_id
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = p.text_ref
LEFT JOIN winnow.item_texts et ON et.workspace_id = $1 AND et.ref = e.text_ref
WHERE p.workspace_id = $1 AND p.revision < $3
	AND ($2::text IS NULL OR coalesce(e.state, 'open') = $2)
ORDER BY p.revision DESC
LIMIT $4
