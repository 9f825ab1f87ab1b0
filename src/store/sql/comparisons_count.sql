-- (uuid) -> int8
SELECT count(*)
FROM winnow.comparisons
WHERE workspace_id = $1
