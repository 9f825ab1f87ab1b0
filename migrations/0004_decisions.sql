-- What people decide: overrides and their ends, comparisons, kept rankings. All of it is history:
-- rows by revision, ended by another row, never changed in place. Personal text (justifications,
-- links, notes) is in item_texts, named by text_ref.

-- A person's decision against the order. made_at is its revision's time; model_version was active
-- then; rank_before and band_before say where the item stood (0: not ranked).
CREATE TABLE winnow.overrides (
	workspace_id uuid NOT NULL,
	override_id uuid NOT NULL,
	revision bigint NOT NULL,
	item_id uuid NOT NULL,
	kind text COLLATE "C" NOT NULL,
	rank bigint,
	delta double precision,
	band text COLLATE "C",
	target_id uuid,
	made_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	author text COLLATE "C" NOT NULL,
	author_team text COLLATE "C",
	model_version bigint NOT NULL,
	rank_before bigint NOT NULL,
	band_before text COLLATE "C",
	text_ref bytea NOT NULL CHECK (octet_length(text_ref) = 32),
	PRIMARY KEY (workspace_id, override_id)
);
CREATE INDEX overrides_revision ON winnow.overrides (workspace_id, revision);
CREATE INDEX overrides_item ON winnow.overrides (workspace_id, item_id);

-- How an override ended before its time, or that its expiry was noticed. The key lets it end once.
CREATE TABLE winnow.override_ends (
	workspace_id uuid NOT NULL,
	override_id uuid NOT NULL,
	revision bigint NOT NULL,
	ended_at timestamptz NOT NULL,
	reason text COLLATE "C" NOT NULL,
	ended_by text COLLATE "C" NOT NULL,
	PRIMARY KEY (workspace_id, override_id)
);
CREATE INDEX override_ends_revision ON winnow.override_ends (workspace_id, revision);

-- "A before B": of two items (ids) or of two criteria (feature names, and by how much).
CREATE TABLE winnow.comparisons (
	workspace_id uuid NOT NULL,
	comparison_id uuid NOT NULL,
	revision bigint NOT NULL,
	before_id uuid,
	after_id uuid,
	before_name text COLLATE "C",
	after_name text COLLATE "C",
	ratio double precision,
	made_at timestamptz NOT NULL,
	author text COLLATE "C" NOT NULL,
	PRIMARY KEY (workspace_id, comparison_id),
	CHECK ((before_id IS NULL) = (after_id IS NULL)),
	CHECK ((before_name IS NULL) = (after_name IS NULL)),
	CHECK ((before_id IS NULL) <> (before_name IS NULL))
);
CREATE INDEX comparisons_revision ON winnow.comparisons (workspace_id, revision);

-- A kept ranking: its receipt. revision is that which kept it, seen_revision that which it saw.
CREATE TABLE winnow.rankings (
	workspace_id uuid NOT NULL,
	ranking_id text COLLATE "C" NOT NULL,
	revision bigint NOT NULL,
	seen_revision bigint NOT NULL,
	as_of timestamptz NOT NULL,
	model_version bigint NOT NULL,
	policy_version bigint NOT NULL,
	engine text COLLATE "C" NOT NULL,
	libm text COLLATE "C" NOT NULL,
	item_count bigint NOT NULL,
	order_sha256 bytea NOT NULL CHECK (octet_length(order_sha256) = 32),
	kept_at timestamptz NOT NULL,
	kept_by text COLLATE "C" NOT NULL,
	text_ref bytea CHECK (octet_length(text_ref) = 32),
	PRIMARY KEY (workspace_id, ranking_id)
);
CREATE INDEX rankings_revision ON winnow.rankings (workspace_id, revision);

-- Its entries, a thousand a row (docs/audit.md has the bytes).
CREATE TABLE winnow.ranking_chunks (
	workspace_id uuid NOT NULL,
	ranking_id text COLLATE "C" NOT NULL,
	first_rank bigint NOT NULL CHECK (first_rank >= 1),
	revision bigint NOT NULL,
	entries bytea NOT NULL,
	PRIMARY KEY (workspace_id, ranking_id, first_rank)
);
CREATE INDEX ranking_chunks_revision ON winnow.ranking_chunks (workspace_id, revision);
-- Ids and scores do not compress; trying costs more than it saves.
ALTER TABLE winnow.ranking_chunks ALTER COLUMN entries SET STORAGE EXTERNAL;

-- Overrides are seen whole from the system workspace (the job that records expiries looks through
-- all workspaces at once) and written from their own alone.
DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	whole text := mine || ' OR (SELECT winnow.current_workspace()) = winnow.system_workspace()';
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['overrides', 'override_ends', 'comparisons', 'rankings',
		'ranking_chunks'] LOOP
		EXECUTE format('ALTER TABLE winnow.%I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE winnow.%I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('GRANT SELECT, INSERT ON winnow.%I TO %I', t, app);
		EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
			'ON winnow.%I FOR EACH STATEMENT EXECUTE FUNCTION winnow.refuse_change()', t);
		-- As in 0003: plans must not depend on which workspaces ANALYZE has seen.
		EXECUTE format('ALTER TABLE winnow.%I ALTER COLUMN workspace_id SET STATISTICS 0', t);
	END LOOP;
	FOREACH t IN ARRAY ARRAY['overrides', 'override_ends'] LOOP
		EXECUTE format('CREATE POLICY own_or_system ON winnow.%I USING (%s) WITH CHECK (%s)',
			t, whole, mine);
	END LOOP;
	FOREACH t IN ARRAY ARRAY['comparisons', 'rankings', 'ranking_chunks'] LOOP
		EXECUTE format('CREATE POLICY own_workspace ON winnow.%I USING (%s) WITH CHECK (%s)',
			t, mine, mine);
	END LOOP;
END $$;
