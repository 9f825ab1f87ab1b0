-- (uuid, uuid) -> int8, timestamptz, text, text, uuid[], text
-- What was closed of a sweep, the first part first, with its notes.
SELECT c.revision, c.closed_at, c.closed_by, c.status, c.item_ids, t.notes
FROM winnow.sweep_closings c
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = c.text_ref
WHERE c.workspace_id = $1 AND c.sweep_id = $2
ORDER BY c.revision
