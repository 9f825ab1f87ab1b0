-- Who decides: who stands behind a token, when a model was stopped or set back, what was proposed and who
-- agreed. All of it is history.

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

-- When the active model was stopped, let go on, or set back to an earlier version (or the policy was).
-- model_version: the one that is suspended, or that ranks from then on; 0: it is not about a model.
-- ranking_id: whose order is the fallback.
CREATE TABLE winnow.interventions (
	workspace_id uuid NOT NULL,
	revision bigint NOT NULL,
	action text COLLATE "C" NOT NULL CHECK (action IN ('suspend', 'resume', 'rollback')),
	made_at timestamptz NOT NULL,
	author text COLLATE "C" NOT NULL,
	model_version bigint NOT NULL,
	policy_version bigint NOT NULL,
	fallback text COLLATE "C",
	ranking_id text COLLATE "C",
	text_ref bytea NOT NULL CHECK (octet_length(text_ref) = 32),
	PRIMARY KEY (workspace_id, revision)
);

-- author_line, line: a token, the token that made it, and so on: who may be behind it.

-- A change that somebody asks for: what the direct write would take, what it was judged against (base)
-- and what it would do to the ranking of then (effect). digest: over all that an approval is about.
CREATE TABLE winnow.proposals (
	workspace_id uuid NOT NULL,
	proposal_id uuid NOT NULL,
	revision bigint NOT NULL,
	change text COLLATE "C" NOT NULL,
	name text COLLATE "C" NOT NULL,
	body text NOT NULL,
	base bigint NOT NULL,
	digest bytea NOT NULL CHECK (octet_length(digest) = 32),
	effect text NOT NULL,
	needed bigint NOT NULL CHECK (needed >= 1),
	made_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	author text COLLATE "C" NOT NULL,
	author_kind text COLLATE "C" NOT NULL,
	author_person text COLLATE "C",
	author_line uuid[] NOT NULL,
	text_ref bytea NOT NULL CHECK (octet_length(text_ref) = 32),
	PRIMARY KEY (workspace_id, proposal_id)
);
CREATE INDEX proposals_revision ON winnow.proposals (workspace_id, revision);
CREATE INDEX proposals_expiry ON winnow.proposals (workspace_id, expires_at);

-- Who agreed. The key lets nobody count twice.
CREATE TABLE winnow.proposal_approvals (
	workspace_id uuid NOT NULL,
	proposal_id uuid NOT NULL,
	approver text COLLATE "C" NOT NULL,
	revision bigint NOT NULL,
	approved_at timestamptz NOT NULL,
	person text COLLATE "C",
	line uuid[] NOT NULL,
	digest bytea NOT NULL CHECK (octet_length(digest) = 32),
	text_ref bytea NOT NULL CHECK (octet_length(text_ref) = 32),
	PRIMARY KEY (workspace_id, proposal_id, approver)
);
CREATE INDEX proposal_approvals_revision ON winnow.proposal_approvals (workspace_id, revision);

-- How a proposal ended. The key lets it end once. result: what came of it ("model:4").
CREATE TABLE winnow.proposal_ends (
	workspace_id uuid NOT NULL,
	proposal_id uuid NOT NULL,
	revision bigint NOT NULL,
	state text COLLATE "C" NOT NULL CHECK (state IN ('applied', 'bypassed', 'rejected',
		'withdrawn', 'expired')),
	ended_at timestamptz NOT NULL,
	ended_by text COLLATE "C" NOT NULL,
	result text COLLATE "C",
	text_ref bytea CHECK (octet_length(text_ref) = 32),
	PRIMARY KEY (workspace_id, proposal_id)
);
CREATE INDEX proposal_ends_revision ON winnow.proposal_ends (workspace_id, revision);

DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	whole text := mine || ' OR (SELECT winnow.current_workspace()) = winnow.system_workspace()';
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['token_actors', 'interventions', 'proposals',
		'proposal_approvals', 'proposal_ends'] LOOP
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
	-- As overrides: the job that records expiries looks through all workspaces at once.
	FOREACH t IN ARRAY ARRAY['proposals', 'proposal_ends'] LOOP
		EXECUTE format('CREATE POLICY own_or_system ON winnow.%I USING (%s) WITH CHECK (%s)',
			t, whole, mine);
	END LOOP;
	FOREACH t IN ARRAY ARRAY['interventions', 'proposal_approvals'] LOOP
		EXECUTE format('CREATE POLICY own_workspace ON winnow.%I USING (%s) WITH CHECK (%s)',
			t, mine, mine);
	END LOOP;
END $$;
