-- (uuid, text, int8, int8) -> int8, bytea
-- The chunks that begin from $3 on and before $4.
SELECT first_rank, entries
FROM winnow.ranking_chunks
WHERE workspace_id = $1 AND ranking_id = $2 AND first_rank >= $3 AND first_rank < $4
ORDER BY first_rank
