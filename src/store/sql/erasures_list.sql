-- (uuid, int8, int8) -> uuid, int8, uuid, text, timestamptz, text, int8, text
-- With the subject of its record, which is there until the log is retired.
SELECT e.erasure_id, e.revision, e.item_id, a.subject, e.made_at, e.author,
	(SELECT count(*) FROM winnow.erasure_texts x
		WHERE x.workspace_id = e.workspace_id AND x.erasure_id = e.erasure_id), t.notes
FROM winnow.erasures e
LEFT JOIN winnow.item_texts t ON t.workspace_id = e.workspace_id AND t.ref = e.text_ref
LEFT JOIN winnow.audit_records a ON a.workspace_id = e.workspace_id AND a.revision = e.revision
WHERE e.workspace_id = $1 AND e.revision < $2
ORDER BY e.revision DESC
LIMIT $3
