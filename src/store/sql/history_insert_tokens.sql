-- (tokens[]) -> ()
INSERT INTO winnow.tokens
SELECT * FROM unnest($1::winnow.tokens[])
