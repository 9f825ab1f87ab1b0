-- The backlog: documents (definitions, models, aliases, settings, mappings), item versions, the
-- erasable side table for text, and the derived current state for listing.

-- Everything that is configured, as versions: the newest row of (kind, name) counts, the ones
-- before stay readable. body is canonical JSON kept as text.
CREATE TABLE winnow.documents (
	workspace_id uuid NOT NULL,
	kind text COLLATE "C" NOT NULL,
	name text COLLATE "C" NOT NULL,
	revision bigint NOT NULL,
	body text NOT NULL,
	PRIMARY KEY (workspace_id, kind, name, revision)
);
CREATE INDEX documents_revision ON winnow.documents (workspace_id, revision);

-- History and feature snapshot in one: an item as it was from this revision on. Personal text is
-- only named here, by text_ref; text_present says which of it there was (bits, docs/audit.md).
-- feature_ids are those of the catalogue; extra is canonical JSON: provenance, artifacts, the
-- names behind blocked_by, patched fields.
CREATE TABLE winnow.item_versions (
	workspace_id uuid NOT NULL,
	item_id uuid NOT NULL,
	revision bigint NOT NULL,
	first_revision bigint NOT NULL,
	source text COLLATE "C" NOT NULL,
	external_id text COLLATE "C" NOT NULL,
	status text COLLATE "C" NOT NULL,
	stream text COLLATE "C" NOT NULL,
	kind text COLLATE "C" NOT NULL,
	team text COLLATE "C",
	labels text[] NOT NULL,
	estimate double precision,
	created_at timestamptz,
	updated_at timestamptz,
	due_at timestamptz,
	blocked_by uuid[] NOT NULL,
	feature_ids int2[] NOT NULL,
	feature_values float8[] NOT NULL,
	text_present int4 NOT NULL,
	text_ref bytea,
	extra text NOT NULL,
	PRIMARY KEY (workspace_id, item_id, revision)
);
CREATE INDEX item_versions_revision ON winnow.item_versions (workspace_id, revision);

-- Text that can hold personal data, once per content. ref = SHA-256 of salt and content. A row may
-- be erased (its columns emptied); what names it stays provable.
CREATE TABLE winnow.item_texts (
	workspace_id uuid NOT NULL,
	ref bytea NOT NULL CHECK (octet_length(ref) = 32),
	title text,
	body text,
	url text,
	assignee text,
	reporter text,
	notes text,
	PRIMARY KEY (workspace_id, ref)
);

-- The current state, for listing and for finding what an upsert meets. Derived: audit/verify
-- compares it with the newest versions.
CREATE TABLE winnow.items (
	workspace_id uuid NOT NULL,
	item_id uuid NOT NULL,
	revision bigint NOT NULL,
	first_revision bigint NOT NULL,
	source text COLLATE "C" NOT NULL,
	external_id text COLLATE "C" NOT NULL,
	status text COLLATE "C" NOT NULL,
	stream text COLLATE "C" NOT NULL,
	kind text COLLATE "C" NOT NULL,
	team text COLLATE "C",
	PRIMARY KEY (workspace_id, item_id)
);

DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['documents', 'item_versions', 'item_texts', 'items'] LOOP
		EXECUTE format('ALTER TABLE winnow.%I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE winnow.%I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('GRANT SELECT, INSERT ON winnow.%I TO %I', t, app);
		EXECUTE format('CREATE POLICY own_workspace ON winnow.%I USING (%s) WITH CHECK (%s)',
			t, mine, mine);
	END LOOP;
	FOREACH t IN ARRAY ARRAY['documents', 'item_versions'] LOOP
		EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
			'ON winnow.%I FOR EACH STATEMENT EXECUTE FUNCTION winnow.refuse_change()', t);
	END LOOP;
	EXECUTE format('GRANT UPDATE ON winnow.items TO %I', app);
END $$;
