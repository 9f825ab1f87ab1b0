-- (proposal_approvals[]) -> ()
INSERT INTO winnow.proposal_approvals
SELECT * FROM unnest($1::winnow.proposal_approvals[])
