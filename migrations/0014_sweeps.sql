-- Sweeps of the icebox: what was found old when somebody looked, kept as it was found; and what was closed
-- of it, part by part. Who wrote why is in item_texts, named by text_ref. The lists of a sweep go together by
-- place: stale_ids with scored_at (s since 1970), promoted_ids with first_values and last_values.
CREATE TABLE winnow.sweeps (
	workspace_id uuid NOT NULL,
	sweep_id uuid NOT NULL,
	revision bigint NOT NULL,
	made_at timestamptz NOT NULL,
	made_by text COLLATE "C" NOT NULL,
	ranking_id text COLLATE "C" NOT NULL,
	months int4 NOT NULL,
	feature text COLLATE "C",
	factor double precision,
	cut int4 NOT NULL,
	stale_ids uuid[] NOT NULL,
	scored_at float8[] NOT NULL,
	promoted_ids uuid[] NOT NULL,
	first_values float8[] NOT NULL,
	last_values float8[] NOT NULL,
	PRIMARY KEY (workspace_id, sweep_id)
);
CREATE INDEX sweeps_revision ON winnow.sweeps (workspace_id, revision);

CREATE TABLE winnow.sweep_closings (
	workspace_id uuid NOT NULL,
	sweep_id uuid NOT NULL,
	revision bigint NOT NULL,
	closed_at timestamptz NOT NULL,
	closed_by text COLLATE "C" NOT NULL,
	status text COLLATE "C" NOT NULL,
	item_ids uuid[] NOT NULL,
	text_ref bytea NOT NULL CHECK (octet_length(text_ref) = 32),
	PRIMARY KEY (workspace_id, sweep_id, revision)
);
CREATE INDEX sweep_closings_revision ON winnow.sweep_closings (workspace_id, revision);

DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['sweeps', 'sweep_closings'] LOOP
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
