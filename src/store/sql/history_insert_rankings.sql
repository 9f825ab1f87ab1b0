-- (rankings[]) -> ()
INSERT INTO winnow.rankings
SELECT * FROM unnest($1::winnow.rankings[])
