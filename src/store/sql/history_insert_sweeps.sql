-- (sweeps[]) -> ()
INSERT INTO winnow.sweeps
SELECT * FROM unnest($1::winnow.sweeps[])
