-- (uuid, int8) -> int8, int8
SELECT min(revision), count(*)
FROM winnow.findings
WHERE workspace_id = $1 AND (revision < 1 OR revision > $2)
