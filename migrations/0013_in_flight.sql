-- What is in flight is counted under the head's lock whenever a contract limits it (docs/streams.md), so
-- it must be found without looking at the whole backlog. Most of a backlog is open, and a bulk import
-- writes nothing else: those rows are left out, so that they cost nothing here.
CREATE INDEX items_not_open ON winnow.items (workspace_id, status) WHERE status <> 'open';
