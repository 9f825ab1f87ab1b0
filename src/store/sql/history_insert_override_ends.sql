-- (override_ends[]) -> ()
INSERT INTO winnow.override_ends
SELECT * FROM unnest($1::winnow.override_ends[])
