-- (uuid) -> ()
UPDATE winnow.workspace_heads
SET removed = true
WHERE workspace_id = $1
