-- (bytea[]) -> uuid, uuid, int8, bytea, text, text[], text[], text, timestamptz, timestamptz, timestamptz, text, text
SELECT t.workspace_id, t.token_id, t.revision, t.secret_sha256, t.label, t.roles, t.sources,
	t.created_by, t.created_at, t.expires_at, r.revoked_at, a.actor_kind, a.person
FROM winnow.tokens t
LEFT JOIN winnow.token_revocations r ON r.workspace_id = t.workspace_id AND r.token_id = t.token_id
LEFT JOIN winnow.token_actors a ON a.workspace_id = t.workspace_id AND a.token_id = t.token_id
WHERE t.secret_sha256 = ANY ($1)
