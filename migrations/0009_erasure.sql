-- Erasing clear text (docs/proof.md): which texts, when, by whom. What names an erased text stays
-- as it was; the reason is a text itself, named by text_ref.

CREATE TABLE winnow.erasures (
	workspace_id uuid NOT NULL,
	erasure_id uuid NOT NULL,
	revision bigint NOT NULL,
	item_id uuid NOT NULL,
	made_at timestamptz NOT NULL,
	author text COLLATE "C" NOT NULL,
	text_ref bytea NOT NULL CHECK (octet_length(text_ref) = 32),
	PRIMARY KEY (workspace_id, erasure_id)
);
CREATE INDEX erasures_revision ON winnow.erasures (workspace_id, revision);

CREATE TABLE winnow.erasure_texts (
	workspace_id uuid NOT NULL,
	erasure_id uuid NOT NULL,
	ref bytea NOT NULL CHECK (octet_length(ref) = 32),
	revision bigint NOT NULL,
	PRIMARY KEY (workspace_id, erasure_id, ref)
);
CREATE INDEX erasure_texts_revision ON winnow.erasure_texts (workspace_id, revision);

-- A text may be emptied as a whole, by whomever; never be changed.
CREATE FUNCTION winnow.only_erase() RETURNS trigger
	LANGUAGE plpgsql
	AS $$ BEGIN
		IF NEW.workspace_id <> OLD.workspace_id OR NEW.ref <> OLD.ref OR num_nonnulls(NEW.title,
			NEW.body, NEW.url, NEW.assignee, NEW.reporter, NEW.notes) > 0 THEN
			RAISE EXCEPTION 'a text is erased as a whole or not at all' USING ERRCODE = '42501';
		END IF;
		RETURN NEW;
	END $$;
CREATE TRIGGER only_erase BEFORE UPDATE ON winnow.item_texts
	FOR EACH ROW EXECUTE FUNCTION winnow.only_erase();

DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['erasures', 'erasure_texts'] LOOP
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
	EXECUTE format('GRANT UPDATE (title, body, url, assignee, reporter, notes) '
		'ON winnow.item_texts TO %I', app);
END $$;
