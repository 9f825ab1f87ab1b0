-- (comparisons[]) -> ()
INSERT INTO winnow.comparisons
SELECT * FROM unnest($1::winnow.comparisons[])
