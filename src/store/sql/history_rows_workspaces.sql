-- (uuid, int8, int8) -> int8, uuid, int8, text, text, text
-- Revisions of this table are the system workspace's.
SELECT revision, workspace_id, revision, name, title, state
FROM winnow.workspaces
WHERE $1::uuid = winnow.system_workspace() AND revision BETWEEN $2 AND $3
ORDER BY revision
