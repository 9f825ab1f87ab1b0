-- (reviews[]) -> ()
INSERT INTO winnow.reviews
SELECT * FROM unnest($1::winnow.reviews[])
