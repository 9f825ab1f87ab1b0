-- Overrides by when they expire: what a moment ends, and what is in force, without what was before.
CREATE INDEX overrides_expiry ON winnow.overrides (workspace_id, expires_at);
