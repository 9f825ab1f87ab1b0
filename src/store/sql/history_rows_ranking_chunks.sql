-- (uuid, int8, int8) -> int8, uuid, text, int8, int8, bytea
SELECT revision, workspace_id, ranking_id, first_rank, revision, entries
FROM winnow.ranking_chunks
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
