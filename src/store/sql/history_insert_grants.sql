-- (grants[]) -> ()
INSERT INTO winnow.grants
SELECT * FROM unnest($1::winnow.grants[])
