-- (findings[]) -> ()
INSERT INTO winnow.findings
SELECT * FROM unnest($1::winnow.findings[])
