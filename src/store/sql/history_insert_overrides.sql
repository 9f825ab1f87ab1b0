-- (overrides[]) -> ()
INSERT INTO winnow.overrides
SELECT * FROM unnest($1::winnow.overrides[])
