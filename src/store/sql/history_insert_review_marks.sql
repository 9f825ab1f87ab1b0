-- (review_marks[]) -> ()
INSERT INTO winnow.review_marks
SELECT * FROM unnest($1::winnow.review_marks[])
