-- (proposals[]) -> ()
INSERT INTO winnow.proposals
SELECT * FROM unnest($1::winnow.proposals[])
