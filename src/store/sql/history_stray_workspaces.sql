-- (uuid, int8) -> int8, int8
-- Revisions of this table are the system workspace's.
SELECT min(revision), count(*)
FROM winnow.workspaces
WHERE $1::uuid = winnow.system_workspace() AND (revision < 1 OR revision > $2)
