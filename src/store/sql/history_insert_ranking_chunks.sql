-- (ranking_chunks[]) -> ()
INSERT INTO winnow.ranking_chunks
SELECT * FROM unnest($1::winnow.ranking_chunks[])
