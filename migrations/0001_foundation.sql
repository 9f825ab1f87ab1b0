-- Foundation: heads, the audit log, workspaces, tokens, and the row level security that all later
-- tables follow. Run as the owner; the application's role is named by winnow.app_role.

-- Made already where the migrations are recorded in it.
CREATE SCHEMA IF NOT EXISTS winnow;

-- The workspace that a transaction works for; NULL when none was set (then nothing is visible).
-- After SET LOCAL a setting goes back to '', not to NULL.
CREATE FUNCTION winnow.current_workspace() RETURNS uuid
	LANGUAGE sql STABLE PARALLEL SAFE
	AS $$ SELECT nullif(current_setting('winnow.workspace', true), '')::uuid $$;

-- What belongs to no workspace is logged in this one.
CREATE FUNCTION winnow.system_workspace() RETURNS uuid
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	AS $$ SELECT '00000000-0000-0000-0000-000000000000'::uuid $$;

CREATE FUNCTION winnow.refuse_change() RETURNS trigger
	LANGUAGE plpgsql
	AS $$ BEGIN
		RAISE EXCEPTION 'history is append-only: % on %.% refused', TG_OP, TG_TABLE_SCHEMA,
			TG_TABLE_NAME USING ERRCODE = '42501';
	END $$;

-- Where a workspace stands. Locked by every write, so revision order is commit order.
-- config_revision: the last revision that wrote documents (definitions, models, settings …).
-- salt: keys the hashes of personal text and the cursors.
-- removed: the workspace is, and no write takes its lock any more.
CREATE TABLE winnow.workspace_heads (
	workspace_id uuid PRIMARY KEY,
	revision bigint NOT NULL CHECK (revision >= 0),
	hash bytea NOT NULL CHECK (octet_length(hash) = 32),
	at timestamptz NOT NULL,
	config_revision bigint NOT NULL DEFAULT 0,
	salt bytea NOT NULL CHECK (octet_length(salt) = 32),
	removed boolean NOT NULL DEFAULT false
);

-- One record per revision. detail is canonical JSON kept as text: its bytes are hashed.
-- rows_sha256 covers every append-only row of the revision (docs/audit.md).
CREATE TABLE winnow.audit_records (
	workspace_id uuid NOT NULL,
	revision bigint NOT NULL CHECK (revision >= 1),
	at timestamptz NOT NULL,
	attempt_id uuid NOT NULL,
	actor text NOT NULL,
	action text NOT NULL,
	subject text NOT NULL,
	request_id text NOT NULL,
	detail text NOT NULL,
	detail_sha256 bytea NOT NULL CHECK (octet_length(detail_sha256) = 32),
	row_count bigint NOT NULL,
	rows_sha256 bytea NOT NULL CHECK (octet_length(rows_sha256) = 32),
	prev_hash bytea NOT NULL CHECK (octet_length(prev_hash) = 32),
	hash bytea NOT NULL CHECK (octet_length(hash) = 32),
	PRIMARY KEY (workspace_id, revision)
);
-- A commit whose outcome is unknown is settled by looking for its attempt.
CREATE INDEX audit_records_attempt ON winnow.audit_records (workspace_id, attempt_id);

-- Global, read-mostly. `revision` is the system workspace's. The newest row of an id counts.
CREATE TABLE winnow.workspaces (
	workspace_id uuid NOT NULL,
	revision bigint NOT NULL,
	name text COLLATE "C" NOT NULL,
	title text NOT NULL,
	state text NOT NULL CHECK (state IN ('created', 'removed')),
	PRIMARY KEY (workspace_id, revision)
);
-- A name is never given again, so that an old link cannot lead to another team's backlog.
CREATE UNIQUE INDEX workspaces_name ON winnow.workspaces (name) WHERE state = 'created';
CREATE INDEX workspaces_revision ON winnow.workspaces (revision);

-- Tokens: only the SHA-256 of the secret is kept. Global, because a request names no workspace
-- before its token is known.
CREATE TABLE winnow.tokens (
	workspace_id uuid NOT NULL,
	token_id uuid NOT NULL,
	revision bigint NOT NULL,
	secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
	label text NOT NULL,
	roles text[] NOT NULL,
	sources text[] NOT NULL,
	created_by text NOT NULL,
	created_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	PRIMARY KEY (workspace_id, token_id)
);
CREATE UNIQUE INDEX tokens_secret ON winnow.tokens (secret_sha256);
CREATE INDEX tokens_id ON winnow.tokens (token_id);
CREATE INDEX tokens_revision ON winnow.tokens (workspace_id, revision);

CREATE TABLE winnow.token_revocations (
	workspace_id uuid NOT NULL,
	token_id uuid NOT NULL,
	revision bigint NOT NULL,
	revoked_at timestamptz NOT NULL,
	PRIMARY KEY (workspace_id, token_id)
);
CREATE INDEX token_revocations_revision ON winnow.token_revocations (workspace_id, revision);

-- What a token of another workspace (an operator's) may do in this one. The newest row of a
-- (workspace, token) counts; no roles: the grant is withdrawn.
CREATE TABLE winnow.grants (
	workspace_id uuid NOT NULL,
	token_id uuid NOT NULL,
	revision bigint NOT NULL,
	roles text[] NOT NULL,
	sources text[] NOT NULL,
	expires_at timestamptz,
	PRIMARY KEY (workspace_id, token_id, revision)
);
CREATE INDEX grants_token ON winnow.grants (token_id);
CREATE INDEX grants_revision ON winnow.grants (workspace_id, revision);

-- Row level security, also for the owner. In the system workspace the global tables are whole.
-- The sub-select makes PostgreSQL ask for the workspace once a statement instead of once a row.
DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	history text[] := ARRAY['audit_records', 'workspaces', 'tokens', 'token_revocations', 'grants'];
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	whole text := mine || ' OR (SELECT winnow.current_workspace()) = winnow.system_workspace()';
	t text;
BEGIN
	EXECUTE format('GRANT USAGE ON SCHEMA winnow TO %I', app);
	FOREACH t IN ARRAY history || ARRAY['workspace_heads'] LOOP
		EXECUTE format('ALTER TABLE winnow.%I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE winnow.%I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('GRANT SELECT, INSERT ON winnow.%I TO %I', t, app);
	END LOOP;
	FOREACH t IN ARRAY history LOOP
		EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
			'ON winnow.%I FOR EACH STATEMENT EXECUTE FUNCTION winnow.refuse_change()', t);
	END LOOP;
	FOREACH t IN ARRAY ARRAY['audit_records'] LOOP
		EXECUTE format('CREATE POLICY own_workspace ON winnow.%I USING (%s) WITH CHECK (%s)',
			t, mine, mine);
	END LOOP;
	FOREACH t IN ARRAY ARRAY['workspaces', 'tokens', 'token_revocations', 'grants'] LOOP
		EXECUTE format('CREATE POLICY own_or_system ON winnow.%I USING (%s) WITH CHECK (%s)',
			t, whole, whole);
	END LOOP;
	-- Heads: the follower reads many at once, in the system workspace; each workspace moves its own.
	EXECUTE format('CREATE POLICY own_or_system ON winnow.workspace_heads USING (%s) '
		'WITH CHECK (%s)', whole, mine);
	EXECUTE format('GRANT UPDATE (revision, hash, at, config_revision, removed) '
		'ON winnow.workspace_heads TO %I', app);
END $$;

SELECT set_config('winnow.workspace', '00000000-0000-0000-0000-000000000000', true);

INSERT INTO winnow.workspace_heads (workspace_id, revision, hash, at, salt)
VALUES (winnow.system_workspace(), 0, decode(repeat('00', 32), 'hex'), to_timestamp(0),
	sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
