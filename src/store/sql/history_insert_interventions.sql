-- (interventions[]) -> ()
INSERT INTO winnow.interventions
SELECT * FROM unnest($1::winnow.interventions[])
