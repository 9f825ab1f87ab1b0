-- (audit_records[]) -> ()
INSERT INTO winnow.audit_records
SELECT * FROM unnest($1::winnow.audit_records[])
