-- (token_revocations[]) -> ()
INSERT INTO winnow.token_revocations
SELECT * FROM unnest($1::winnow.token_revocations[])
