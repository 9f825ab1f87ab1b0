-- Findings that were told as events (docs/findings.md): what appeared, and when it was gone. Rows by revision, ended by
-- another row. kind and item_id, stream, name, other say what is found; they hold no personal text: a burst
-- of one reporter's items names nobody. since: what the finding itself said when it was opened.
CREATE TABLE winnow.findings (
	workspace_id uuid NOT NULL,
	finding_id uuid NOT NULL,
	revision bigint NOT NULL,
	opened_at timestamptz NOT NULL,
	kind text COLLATE "C" NOT NULL,
	item_id uuid,
	stream text COLLATE "C",
	name text COLLATE "C",
	other text COLLATE "C",
	since timestamptz,
	seen_revision bigint NOT NULL,
	PRIMARY KEY (workspace_id, finding_id)
);
CREATE INDEX findings_revision ON winnow.findings (workspace_id, revision);

-- How it ended: "gone", or "unwatched" when the settings ask for its kind no longer. The key lets it end once.
CREATE TABLE winnow.finding_ends (
	workspace_id uuid NOT NULL,
	finding_id uuid NOT NULL,
	revision bigint NOT NULL,
	ended_at timestamptz NOT NULL,
	why text COLLATE "C" NOT NULL,
	PRIMARY KEY (workspace_id, finding_id)
);
CREATE INDEX finding_ends_revision ON winnow.finding_ends (workspace_id, revision);

DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['findings', 'finding_ends'] LOOP
		EXECUTE format('ALTER TABLE winnow.%I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE winnow.%I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('GRANT SELECT, INSERT ON winnow.%I TO %I', t, app);
		EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
			'ON winnow.%I FOR EACH STATEMENT EXECUTE FUNCTION winnow.refuse_change()', t);
		-- As in 0003: plans must not depend on which workspaces ANALYZE has seen.
		EXECUTE format('ALTER TABLE winnow.%I ALTER COLUMN workspace_id SET STATISTICS 0', t);
		EXECUTE format('CREATE POLICY own_workspace ON winnow.%I USING (%s) WITH CHECK (%s)',
			t, mine, mine);
	END LOOP;
END $$;
