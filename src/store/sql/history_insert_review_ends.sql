-- (review_ends[]) -> ()
INSERT INTO winnow.review_ends
SELECT * FROM unnest($1::winnow.review_ends[])
