-- Who has read what is sensitive, where a workspace's settings ask for it. A log of its own: a read is no
-- change, so it takes no revision and no audit record. Append-only until its time is over: rows are
-- deleted when they have expired, and no sooner by anybody.
--
-- access_id: given by the daemon, so that what is written twice is there once. target: path and query.
-- ranking: that the answer was made from. items: the first of them; item_count: all. features: the
-- sensitive ones that the answer was made of, or showed; fields of items as "title", "reporter" …
CREATE TABLE winnow.access_records (
	workspace_id uuid NOT NULL,
	access_id uuid NOT NULL,
	at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	actor text NOT NULL,
	roles text[] NOT NULL,
	request_id text NOT NULL,
	method text NOT NULL,
	target text NOT NULL,
	ranking text,
	items uuid[] NOT NULL,
	item_count bigint NOT NULL,
	features text[] NOT NULL,
	PRIMARY KEY (workspace_id, access_id)
);
CREATE INDEX access_records_order ON winnow.access_records (workspace_id, at DESC, access_id DESC);
-- For the job that deletes what has expired, in all workspaces at once.
CREATE INDEX access_records_expiry ON winnow.access_records (expires_at);
-- As in 0003: plans must not depend on which workspaces ANALYZE has seen.
ALTER TABLE winnow.access_records ALTER COLUMN workspace_id SET STATISTICS 0;

CREATE FUNCTION winnow.refuse_early_delete() RETURNS trigger
	LANGUAGE plpgsql
	AS $$ BEGIN
		IF OLD.expires_at > pg_catalog.now() THEN
			RAISE EXCEPTION 'the access log is kept until it expires'
				USING ERRCODE = '42501';
		END IF;
		RETURN OLD;
	END $$;
CREATE TRIGGER keep_access BEFORE UPDATE OR TRUNCATE ON winnow.access_records
	FOR EACH STATEMENT EXECUTE FUNCTION winnow.refuse_change();
CREATE TRIGGER keep_access_until_expired BEFORE DELETE ON winnow.access_records
	FOR EACH ROW EXECUTE FUNCTION winnow.refuse_early_delete();

-- Swept from the system workspace, where they are seen whole; written from their own alone.
DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	whole text := mine || ' OR (SELECT winnow.current_workspace()) = winnow.system_workspace()';
BEGIN
	ALTER TABLE winnow.access_records ENABLE ROW LEVEL SECURITY;
	ALTER TABLE winnow.access_records FORCE ROW LEVEL SECURITY;
	EXECUTE format('GRANT SELECT, INSERT, DELETE ON winnow.access_records TO %I', app);
	EXECUTE format('CREATE POLICY own_or_system ON winnow.access_records USING (%s) '
		'WITH CHECK (%s)', whole, mine);
END $$;
