-- (uuid, int8, bytea, timestamptz, int8) -> ()
-- The head is locked and known, so any other revision than the one before is a fault: the NULL
-- makes it fail, also where nobody waits for the answer before the commit.
UPDATE winnow.workspace_heads
SET revision = CASE WHEN revision = $2::int8 - 1 THEN $2::int8 END, hash = $3, at = $4,
	config_revision = $5
WHERE workspace_id = $1
