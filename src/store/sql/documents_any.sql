-- (uuid, text) -> bool
-- Whether there was ever a document of kind $2.
SELECT EXISTS (SELECT 1 FROM winnow.documents WHERE workspace_id = $1 AND kind = $2)
