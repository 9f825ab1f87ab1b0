-- (proposal_ends[]) -> ()
INSERT INTO winnow.proposal_ends
SELECT * FROM unnest($1::winnow.proposal_ends[])
