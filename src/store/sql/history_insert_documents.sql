-- (documents[]) -> ()
INSERT INTO winnow.documents
SELECT * FROM unnest($1::winnow.documents[])
