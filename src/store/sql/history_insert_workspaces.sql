-- (workspaces[]) -> ()
INSERT INTO winnow.workspaces
SELECT * FROM unnest($1::winnow.workspaces[])
