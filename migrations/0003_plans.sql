-- Plans that do not depend on which workspaces ANALYZE has seen.
--
-- A workspace that is newer than the last ANALYZE is in no list of common values, so the planner
-- expects no row of it. Then any index that begins with workspace_id looks as good as the right
-- one, and reading a chunk's items becomes a scan of the whole workspace for each of them.
-- Without statistics of that column every workspace is taken for one of two hundred, and the
-- columns behind it decide.
ALTER TABLE winnow.audit_records ALTER COLUMN workspace_id SET STATISTICS 0;
ALTER TABLE winnow.item_versions ALTER COLUMN workspace_id SET STATISTICS 0;
ALTER TABLE winnow.item_texts ALTER COLUMN workspace_id SET STATISTICS 0;
ALTER TABLE winnow.items ALTER COLUMN workspace_id SET STATISTICS 0;
