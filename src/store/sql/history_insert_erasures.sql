-- (erasures[]) -> ()
INSERT INTO winnow.erasures
SELECT * FROM unnest($1::winnow.erasures[])
