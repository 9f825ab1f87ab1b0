-- The Merkle tree over each workspace's audit records, and the signed checkpoints of it
-- (docs/proof.md, docs/adr/0016-tree-beside-the-log.md). Both are derived from the log, so they are no
-- change of a workspace: they take no revision, and are in no digest.

-- The roots of whole subtrees of 256, 65536, … records: level 8, 16, … of the tree, `place` from the
-- left, so node (level, place) stands for the revisions place * 2^level + 1 … (place + 1) * 2^level.
-- What lies between is computed from these, what lies below from the records.
CREATE TABLE winnow.audit_nodes (
	workspace_id uuid NOT NULL,
	level int4 NOT NULL CHECK (level >= 8 AND level % 8 = 0),
	place int8 NOT NULL CHECK (place >= 0),
	hash bytea NOT NULL CHECK (octet_length(hash) = 32),
	PRIMARY KEY (workspace_id, level, place)
);

-- What was signed: the tree of the first `size` records has this root. note is the text as it left
-- the database, with its signature.
CREATE TABLE winnow.audit_checkpoints (
	workspace_id uuid NOT NULL,
	size int8 NOT NULL CHECK (size >= 1),
	root bytea NOT NULL CHECK (octet_length(root) = 32),
	note text NOT NULL,
	made_at timestamptz NOT NULL,
	PRIMARY KEY (workspace_id, size)
);

-- Checkpoints are seen whole from the system workspace (the job looks there which workspaces want a new
-- one) and written from their own alone.
DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	whole text := mine || ' OR (SELECT winnow.current_workspace()) = winnow.system_workspace()';
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['audit_nodes', 'audit_checkpoints'] LOOP
		EXECUTE format('ALTER TABLE winnow.%I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE winnow.%I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('GRANT SELECT, INSERT ON winnow.%I TO %I', t, app);
		-- As in 0003: plans must not depend on which workspaces ANALYZE has seen.
		EXECUTE format('ALTER TABLE winnow.%I ALTER COLUMN workspace_id SET STATISTICS 0', t);
	END LOOP;
	EXECUTE format('CREATE POLICY own_workspace ON winnow.audit_nodes USING (%s) WITH CHECK (%s)',
		mine, mine);
	EXECUTE format('CREATE POLICY own_or_system ON winnow.audit_checkpoints USING (%s) '
		'WITH CHECK (%s)', whole, mine);
	CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON winnow.audit_checkpoints
		FOR EACH STATEMENT EXECUTE FUNCTION winnow.refuse_change();
END $$;
