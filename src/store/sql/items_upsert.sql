-- (items[]) -> ()
-- An id that belongs to another pair of source and external id fails: the NULL is refused, also
-- where nobody waits for the answer before the commit.
INSERT INTO winnow.items AS i
SELECT * FROM unnest($1::winnow.items[])
ON CONFLICT (workspace_id, item_id) DO UPDATE
SET revision = CASE WHEN i.source = excluded.source AND i.external_id = excluded.external_id
		THEN excluded.revision END,
	status = excluded.status, stream = excluded.stream, kind = excluded.kind,
	team = excluded.team, input_digest = excluded.input_digest
