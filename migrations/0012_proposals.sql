-- Who stands behind a token: a person, a service or an agent. What a table of the history holds is
-- fixed, so this is a table beside the tokens: a token without a row is a service's.
-- person: an opaque id of the one who holds it, by which two tokens of the same person are known.
CREATE TABLE winnow.token_actors (
	workspace_id uuid NOT NULL,
	token_id uuid NOT NULL,
	revision bigint NOT NULL,
	actor_kind text COLLATE "C" NOT NULL CHECK (actor_kind IN ('human', 'service', 'agent')),
	person text COLLATE "C",
	PRIMARY KEY (workspace_id, token_id)
);
CREATE INDEX token_actors_id ON winnow.token_actors (token_id);
CREATE INDEX token_actors_revision ON winnow.token_actors (workspace_id, revision);

DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	whole text := mine || ' OR (SELECT winnow.current_workspace()) = winnow.system_workspace()';
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['token_actors'] LOOP
		EXECUTE format('ALTER TABLE winnow.%I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE winnow.%I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('GRANT SELECT, INSERT ON winnow.%I TO %I', t, app);
		EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
			'ON winnow.%I FOR EACH STATEMENT EXECUTE FUNCTION winnow.refuse_change()', t);
		-- As in 0003: plans must not depend on which workspaces ANALYZE has seen.
		EXECUTE format('ALTER TABLE winnow.%I ALTER COLUMN workspace_id SET STATISTICS 0', t);
	END LOOP;
	-- As the tokens themselves: a request names no workspace before its token is known.
	EXECUTE format('CREATE POLICY own_or_system ON winnow.token_actors USING (%s) '
		'WITH CHECK (%s)', whole, whole);
END $$;
