-- (uuid, int8, int8, bytea, timestamptz, int8) -> ()
-- The head is locked and known, so any other revision than the one that was met is a fault: the NULL
-- makes it fail, also where nobody waits for the answer before the commit.
UPDATE winnow.workspace_heads
SET revision = CASE WHEN revision = $2::int8 THEN $3::int8 END, hash = $4, at = $5,
	config_revision = $6
WHERE workspace_id = $1
