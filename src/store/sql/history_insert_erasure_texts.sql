-- (erasure_texts[]) -> ()
INSERT INTO winnow.erasure_texts
SELECT * FROM unnest($1::winnow.erasure_texts[])
