-- (item_versions[]) -> ()
INSERT INTO winnow.item_versions
SELECT * FROM unnest($1::winnow.item_versions[])
