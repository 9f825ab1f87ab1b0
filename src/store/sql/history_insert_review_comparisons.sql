-- (review_comparisons[]) -> ()
INSERT INTO winnow.review_comparisons
SELECT * FROM unnest($1::winnow.review_comparisons[])
