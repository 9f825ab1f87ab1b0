-- Retention (docs/retention.md): the log before a signed checkpoint is exported and removed, by a step
-- that is a revision itself. Only the schema's owner can do it, only by winnow.retire(), and only what is
-- old enough.

-- A step. size: of the checkpoint, and so the last revision removed; root: its tree's. first_revision: of
-- the range. record_hash: of the last record removed. kept_sha256: over all rows of that time that
-- stayed (docs/retention.md has the bytes). export_sha256: of the file.
CREATE TABLE winnow.retirements (
	workspace_id uuid NOT NULL,
	revision bigint NOT NULL,
	first_revision bigint NOT NULL CHECK (first_revision >= 1),
	size bigint NOT NULL CHECK (size >= first_revision AND size < revision),
	root bytea NOT NULL CHECK (octet_length(root) = 32),
	record_hash bytea NOT NULL CHECK (octet_length(record_hash) = 32),
	export_sha256 bytea NOT NULL CHECK (octet_length(export_sha256) = 32),
	kept_rows bigint NOT NULL,
	kept_sha256 bytea NOT NULL CHECK (octet_length(kept_sha256) = 32),
	retired_at timestamptz NOT NULL,
	PRIMARY KEY (workspace_id, revision),
	UNIQUE (workspace_id, size)
);

-- What stays of a removed record: its leaf in the tree, so that every proof goes on, and its time, which
-- is that of rows that stay.
CREATE TABLE winnow.retired_records (
	workspace_id uuid NOT NULL,
	revision bigint NOT NULL,
	at timestamptz NOT NULL,
	hash bytea NOT NULL CHECK (octet_length(hash) = 32),
	PRIMARY KEY (workspace_id, revision)
);
ALTER TABLE winnow.retired_records ALTER COLUMN workspace_id SET STATISTICS 0;

-- That a range is being removed. At the commit its step must be there.
CREATE TABLE winnow.retired_ranges (
	workspace_id uuid NOT NULL,
	size bigint NOT NULL,
	first_revision bigint NOT NULL,
	PRIMARY KEY (workspace_id, size)
);
CREATE FUNCTION winnow.want_step() RETURNS trigger
	LANGUAGE plpgsql
	AS $$ BEGIN
		IF NOT EXISTS (SELECT 1 FROM winnow.retirements t
			JOIN winnow.audit_records a ON a.workspace_id = t.workspace_id
				AND a.revision = t.revision AND a.action = 'audit.retire'
			WHERE t.workspace_id = NEW.workspace_id AND t.size = NEW.size
				AND t.first_revision = NEW.first_revision) THEN
			RAISE EXCEPTION 'no step retires the revisions % to %', NEW.first_revision,
				NEW.size USING ERRCODE = '42501';
		END IF;
		RETURN NULL;
	END $$;
CREATE CONSTRAINT TRIGGER want_step AFTER INSERT ON winnow.retired_ranges
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION winnow.want_step();

-- When each revision was, and its record's hash: of those that are there and of those that were.
CREATE VIEW winnow.record_marks WITH (security_invoker = true) AS
	SELECT workspace_id, revision, at, hash FROM winnow.audit_records
	UNION ALL
	SELECT workspace_id, revision, at, hash FROM winnow.retired_records;

-- As before, but for the one way: the owner, in a transaction in which winnow.retire() has begun a range
-- of the transaction's workspace, while it deletes.
CREATE OR REPLACE FUNCTION winnow.refuse_change() RETURNS trigger
	LANGUAGE plpgsql
	AS $$ BEGIN
		IF TG_OP = 'DELETE' AND TG_TABLE_NAME IN ('audit_records', 'item_versions')
			AND current_setting('winnow.retiring', true) = pg_current_xact_id()::text
			AND EXISTS (SELECT 1 FROM pg_catalog.pg_class c
				WHERE c.oid = TG_RELID AND c.relowner = current_user::regrole)
			AND EXISTS (SELECT 1 FROM winnow.retired_ranges g
				WHERE g.workspace_id = winnow.current_workspace()
				AND g.xmin = pg_current_xact_id()::xid) THEN
			RETURN NULL;
		END IF;
		RAISE EXCEPTION 'history is append-only: % on %.% refused', TG_OP, TG_TABLE_SCHEMA,
			TG_TABLE_NAME USING ERRCODE = '42501';
	END $$;

-- Removes the log up to a checkpoint of `upto` records: the records, which leave their time and hash, the
-- versions of items that nothing reads any more, and the texts that nothing names any more. A version
-- stays when it is the last one at `upto`, the item's first one, of another status, stream, kind, team, label
-- or feature value than the one before (clocks and counts are made from those), or when a review was opened or
-- decided by it.
-- The caller appends the step in the same transaction, or nothing is removed.
CREATE FUNCTION winnow.retire(ws uuid, upto bigint) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		days bigint;
		first bigint;
		newest timestamptz;
		refs bytea[];
	BEGIN
		IF ws IS DISTINCT FROM winnow.current_workspace() OR ws = winnow.system_workspace() THEN
			RAISE EXCEPTION 'not the log of this transaction''s workspace' USING ERRCODE = '42501';
		END IF;
		PERFORM 1 FROM winnow.workspace_heads WHERE workspace_id = ws AND revision >= upto
			AND NOT removed FOR UPDATE;
		IF NOT FOUND THEN
			RAISE EXCEPTION 'the log does not go beyond %', upto USING ERRCODE = '42501';
		END IF;
		SELECT (d.body::jsonb ->> 'retention_days')::bigint INTO days
		FROM winnow.documents d
		WHERE d.workspace_id = ws AND d.kind = 'settings' AND d.name = 'workspace'
		ORDER BY d.revision DESC LIMIT 1;
		IF days IS NULL OR days < 183 THEN
			RAISE EXCEPTION 'the settings keep this log for ever' USING ERRCODE = '42501';
		END IF;
		SELECT coalesce(max(t.size), 0) + 1 INTO first
		FROM winnow.retirements t WHERE t.workspace_id = ws;
		IF NOT EXISTS (SELECT 1 FROM winnow.audit_checkpoints c
			WHERE c.workspace_id = ws AND c.size = upto) THEN
			RAISE EXCEPTION 'no checkpoint of % records', upto USING ERRCODE = '42501';
		END IF;
		SELECT max(a.at) INTO newest FROM winnow.audit_records a
		WHERE a.workspace_id = ws AND a.revision BETWEEN first AND upto
		HAVING count(*) = upto - first + 1 AND count(*) > 0;
		IF newest IS NULL THEN
			RAISE EXCEPTION 'the records % to % are not all there', first, upto
				USING ERRCODE = '42501';
		END IF;
		IF newest > now() - make_interval(days => days::int) THEN
			RAISE EXCEPTION 'the record % is younger than % days', upto, days
				USING ERRCODE = '42501';
		END IF;

		INSERT INTO winnow.retired_ranges (workspace_id, size, first_revision)
		VALUES (ws, upto, first);
		INSERT INTO winnow.retired_records (workspace_id, revision, at, hash)
		SELECT a.workspace_id, a.revision, a.at, a.hash FROM winnow.audit_records a
		WHERE a.workspace_id = ws AND a.revision BETWEEN first AND upto;
		PERFORM set_config('winnow.retiring', pg_current_xact_id()::text, true);
		DELETE FROM winnow.audit_records a
		WHERE a.workspace_id = ws AND a.revision BETWEEN first AND upto;
		WITH line AS (
			SELECT v.item_id, v.revision, lead(v.revision) OVER w AS next,
				v.status = lag(v.status) OVER w AND v.stream = lag(v.stream) OVER w
					AND v.kind = lag(v.kind) OVER w AND v.labels = lag(v.labels) OVER w
					AND v.team IS NOT DISTINCT FROM lag(v.team) OVER w
					AND v.feature_ids = lag(v.feature_ids) OVER w
					AND v.feature_values = lag(v.feature_values) OVER w AS same
			FROM winnow.item_versions v
			WHERE v.workspace_id = ws AND v.revision <= upto
			WINDOW w AS (PARTITION BY v.item_id ORDER BY v.revision)
		), gone AS (
			DELETE FROM winnow.item_versions v USING line l
			WHERE v.workspace_id = ws AND v.item_id = l.item_id AND v.revision = l.revision
				AND l.next IS NOT NULL AND l.same
				AND NOT EXISTS (SELECT 1 FROM winnow.reviews r WHERE r.workspace_id = ws
					AND r.item_id = v.item_id AND r.item_revision = v.revision)
				AND NOT EXISTS (SELECT 1 FROM winnow.reviews r
					JOIN winnow.review_ends e ON e.workspace_id = ws
						AND e.review_id = r.review_id
					WHERE r.workspace_id = ws AND r.item_id = v.item_id
						AND e.item_revision = v.revision)
			RETURNING v.text_ref)
		SELECT array_agg(DISTINCT g.text_ref) INTO refs FROM gone g WHERE g.text_ref IS NOT NULL;
		PERFORM set_config('winnow.retiring', '', true);

		DELETE FROM winnow.item_texts t
		USING unnest(refs) AS u(ref)
		WHERE t.workspace_id = ws AND t.ref = u.ref AND NOT EXISTS (
			SELECT 1 FROM winnow.item_versions x WHERE x.workspace_id = ws AND x.text_ref = t.ref
			UNION ALL SELECT 1 FROM winnow.overrides x WHERE x.workspace_id = ws AND x.text_ref = t.ref
			UNION ALL SELECT 1 FROM winnow.rankings x WHERE x.workspace_id = ws AND x.text_ref = t.ref
			UNION ALL SELECT 1 FROM winnow.review_ends x
				WHERE x.workspace_id = ws AND x.text_ref = t.ref
			UNION ALL SELECT 1 FROM winnow.interventions x
				WHERE x.workspace_id = ws AND x.text_ref = t.ref
			UNION ALL SELECT 1 FROM winnow.proposals x WHERE x.workspace_id = ws AND x.text_ref = t.ref
			UNION ALL SELECT 1 FROM winnow.proposal_approvals x
				WHERE x.workspace_id = ws AND x.text_ref = t.ref
			UNION ALL SELECT 1 FROM winnow.proposal_ends x
				WHERE x.workspace_id = ws AND x.text_ref = t.ref
			UNION ALL SELECT 1 FROM winnow.sweep_closings x
				WHERE x.workspace_id = ws AND x.text_ref = t.ref
			UNION ALL SELECT 1 FROM winnow.erasures x WHERE x.workspace_id = ws AND x.text_ref = t.ref
			UNION ALL SELECT 1 FROM winnow.erasure_texts x WHERE x.workspace_id = ws AND x.ref = t.ref);
	END $$;
REVOKE ALL ON FUNCTION winnow.retire(uuid, bigint) FROM PUBLIC;

-- The application reads, and has no way to add: it cannot begin a step.
DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['retirements', 'retired_records', 'retired_ranges'] LOOP
		EXECUTE format('ALTER TABLE winnow.%I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE winnow.%I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('GRANT SELECT ON winnow.%I TO %I', t, app);
		EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
			'ON winnow.%I FOR EACH STATEMENT EXECUTE FUNCTION winnow.refuse_change()', t);
		EXECUTE format('CREATE POLICY own_workspace ON winnow.%I USING (%s) WITH CHECK (%s)',
			t, mine, mine);
	END LOOP;
	EXECUTE format('GRANT SELECT ON winnow.record_marks TO %I', app);
END $$;
