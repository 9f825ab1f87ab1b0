-- (finding_ends[]) -> ()
INSERT INTO winnow.finding_ends
SELECT * FROM unnest($1::winnow.finding_ends[])
