-- (uuid, int8, int8) -> int8, uuid, uuid, int8, timestamptz, text, text, uuid[], bytea
SELECT revision, workspace_id, sweep_id, revision, closed_at, closed_by, status, item_ids, text_ref
FROM winnow.sweep_closings
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
