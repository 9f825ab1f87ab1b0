-- Review: what the ranking asked people to look at, what they decided, and what became of it. All of it
-- is history: rows by revision, ended by another row, never changed in place. Whether an item is
-- pending is stored nowhere: the ranking tells (docs/reviews.md). Personal text (rationales) is in
-- item_texts, named by text_ref.

-- A question that the job put: why, and what it saw. rank and band say where the item stood.
CREATE TABLE winnow.reviews (
	workspace_id uuid NOT NULL,
	review_id uuid NOT NULL,
	revision bigint NOT NULL,
	item_id uuid NOT NULL,
	reason text COLLATE "C" NOT NULL,
	rule text COLLATE "C",
	stream text COLLATE "C",
	rank bigint NOT NULL,
	band text COLLATE "C",
	opened_at timestamptz NOT NULL,
	item_revision bigint NOT NULL,
	model_version bigint NOT NULL,
	policy_version bigint NOT NULL,
	PRIMARY KEY (workspace_id, review_id)
);
CREATE INDEX reviews_revision ON winnow.reviews (workspace_id, revision);
CREATE INDEX reviews_item ON winnow.reviews (workspace_id, item_id);

-- How it ended: "approved" or "adjusted" (the item counts as approved, at this rank; NULL: at any),
-- "deferred" or "rejected" by a person; "withdrawn" by the job, since nothing asks for it any more. The key
-- lets it end once. digest: over the item's version, the model's and the policy's, as they were seen.
CREATE TABLE winnow.review_ends (
	workspace_id uuid NOT NULL,
	review_id uuid NOT NULL,
	revision bigint NOT NULL,
	outcome text COLLATE "C" NOT NULL,
	ended_at timestamptz NOT NULL,
	ended_by text COLLATE "C" NOT NULL,
	rank bigint,
	item_revision bigint NOT NULL,
	model_version bigint NOT NULL,
	policy_version bigint NOT NULL,
	digest bytea NOT NULL CHECK (octet_length(digest) = 32),
	override_id uuid,
	text_ref bytea CHECK (octet_length(text_ref) = 32),
	PRIMARY KEY (workspace_id, review_id)
);
CREATE INDEX review_ends_revision ON winnow.review_ends (workspace_id, revision);

-- What was noted of a review, each once: "escalated" (word: to whom), "lapsed" (word: why the approval
-- counts no longer).
CREATE TABLE winnow.review_marks (
	workspace_id uuid NOT NULL,
	review_id uuid NOT NULL,
	mark text COLLATE "C" NOT NULL,
	revision bigint NOT NULL,
	marked_at timestamptz NOT NULL,
	word text COLLATE "C" NOT NULL,
	PRIMARY KEY (workspace_id, review_id, mark)
);
CREATE INDEX review_marks_revision ON winnow.review_marks (workspace_id, revision);

-- Comparisons that a decision was turned into: those that are not here were made by people directly.
CREATE TABLE winnow.review_comparisons (
	workspace_id uuid NOT NULL,
	comparison_id uuid NOT NULL,
	revision bigint NOT NULL,
	review_id uuid NOT NULL,
	PRIMARY KEY (workspace_id, comparison_id)
);
CREATE INDEX review_comparisons_revision ON winnow.review_comparisons (workspace_id, revision);

DO $$
DECLARE
	app text := coalesce(nullif(current_setting('winnow.app_role', true), ''), 'winnow_app');
	mine text := 'workspace_id = (SELECT winnow.current_workspace())';
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['reviews', 'review_ends', 'review_marks', 'review_comparisons'] LOOP
		EXECUTE format('ALTER TABLE winnow.%I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE winnow.%I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('GRANT SELECT, INSERT ON winnow.%I TO %I', t, app);
		EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
			'ON winnow.%I FOR EACH STATEMENT EXECUTE FUNCTION winnow.refuse_change()', t);
		-- As in 0003: plans must not depend on which workspaces ANALYZE has seen.
		EXECUTE format('ALTER TABLE winnow.%I ALTER COLUMN workspace_id SET STATISTICS 0', t);
		EXECUTE format('CREATE POLICY own_workspace ON winnow.%I USING (%s) WITH CHECK (%s)',
			t, mine, mine);
	END LOOP;
END $$;
