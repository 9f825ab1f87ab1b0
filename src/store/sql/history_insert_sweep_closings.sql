-- (sweep_closings[]) -> ()
INSERT INTO winnow.sweep_closings
SELECT * FROM unnest($1::winnow.sweep_closings[])
