-- (token_actors[]) -> ()
INSERT INTO winnow.token_actors
SELECT * FROM unnest($1::winnow.token_actors[])
