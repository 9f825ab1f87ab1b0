-- () -> uuid, int8, int8, text, text, text, text, text, text, text[], float8, timestamptz, timestamptz, timestamptz, uuid[], int2[], float8[], int4, bytea, text
-- All versions of the transaction's workspace up to the revision of copy_upto.sql, in no order, in one
-- pass over the table. Who reads them keeps the newest of each item: to find those here takes a second
-- pass and a hash table of all.
COPY (SELECT item_id, revision, first_revision, source, external_id, status, stream, kind, team, labels,
	estimate, created_at, updated_at, due_at, blocked_by, feature_ids, feature_values, text_present,
	text_ref, extra
FROM winnow.item_versions
WHERE workspace_id = (SELECT winnow.current_workspace())
	AND revision <= (SELECT pg_catalog.current_setting('winnow.upto')::int8)
) TO STDOUT (FORMAT binary)
