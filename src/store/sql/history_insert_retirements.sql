-- (retirements[]) -> ()
INSERT INTO winnow.retirements
SELECT * FROM unnest($1::winnow.retirements[])
