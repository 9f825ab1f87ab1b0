-- What was answered to requests that carried an Idempotency-Key, so that the same request sent again
-- gets the same answer instead of a second effect. Of the request there are hashes alone; the answer
-- is held as revision, ids, counts and, of a batch, why items were rejected: never a secret, and no
-- person's words. Not history: rows are deleted once they have expired.
--
-- key_sha256: over workspace, token, method, path and key. request_sha256: over query and body.
-- revision, hash: the workspace's head as the first answer told it; changed: that answer wrote it.
CREATE TABLE winnow.idempotency_keys (
	workspace_id uuid NOT NULL,
	key_sha256 bytea NOT NULL CHECK (octet_length(key_sha256) = 32),
	request_sha256 bytea NOT NULL CHECK (octet_length(request_sha256) = 32),
	revision bigint NOT NULL,
	hash bytea NOT NULL CHECK (octet_length(hash) = 32),
	changed boolean NOT NULL,
	made_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	answer bytea NOT NULL,
	PRIMARY KEY (workspace_id, key_sha256)
);
-- For the job that deletes what has expired, in all workspaces at once.
CREATE INDEX idempotency_keys_expiry ON winnow.idempotency_keys (expires_at);
-- As in 0003: plans must not depend on which workspaces ANALYZE has seen.
ALTER TABLE winnow.idempotency_keys ALTER COLUMN workspace_id SET STATISTICS 0;

-- Seen whole, and swept, from the system workspace; written from their own alone.
DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	whole text := mine || ' OR (SELECT winnow.current_workspace()) = winnow.system_workspace()';
BEGIN
	ALTER TABLE winnow.idempotency_keys ENABLE ROW LEVEL SECURITY;
	ALTER TABLE winnow.idempotency_keys FORCE ROW LEVEL SECURITY;
	EXECUTE format('GRANT SELECT, INSERT, DELETE ON winnow.idempotency_keys TO %I', app);
	EXECUTE format('CREATE POLICY own_or_system ON winnow.idempotency_keys USING (%s) '
		'WITH CHECK (%s)', whole, mine);
END $$;
