/*
 * Proving the log: in one snapshot, every record is recomputed from the rows that it speaks of.
 */
#include <stdlib.h>

#include "service/audit.h"
#include "service/audit_kept.h"
#include "service/audit_rows.h"
#include "service/checkpoints.h"
#include "store/aggregates.h"
#include "store/history.h"

enum {
	PAGE_RECORDS = 512,
	READ_ARENA = 512 << 20,
	HASHES_AT_ONCE = 4096,
};

/* ---- rows of a page of revisions ---- */

struct hashed_row {
	int64_t revision;
	struct sha256 hash;
};

struct row_hashes {
	struct hashed_row *rows;
	size_t count, room;
	bool failed;
};

static bool take_hash(void *self, enum history_table table, int64_t revision, struct str tuple)
{
	struct row_hashes *hashes = self;

	if (hashes->count == hashes->room) {
		size_t room = hashes->room ? hashes->room * 2 : 1024;
		struct hashed_row *rows = realloc(hashes->rows, room * sizeof *rows);

		if (!rows) {
			hashes->failed = true;
			return false;
		}
		hashes->rows = rows;
		hashes->room = room;
	}
	hashes->rows[hashes->count].revision = revision;
	if (!audit_row_hash(history_table_name(table), tuple, &hashes->rows[hashes->count].hash)) {
		hashes->failed = true;
		return false;
	}
	hashes->count++;
	return true;
}

static int by_revision(const void *a, const void *b)
{
	int64_t left = ((const struct hashed_row *)a)->revision;
	int64_t right = ((const struct hashed_row *)b)->revision;

	return (left > right) - (left < right);
}

/* The hashes of all rows in [from, to], by revision. */
static enum error hash_rows(struct conn *conn, const struct uuid *workspace, int64_t from,
	int64_t to, struct row_hashes *hashes)
{
	enum error error = ERR_OK;

	hashes->count = 0;
	for (int table = 0; table < HISTORY_COUNT && !error; table++)
		error = history_rows(
			conn, workspace, (enum history_table)table, from, to, take_hash, hashes);
	if (hashes->failed)
		return ERR_NO_MEMORY;
	if (!error && hashes->count > 1)
		qsort(hashes->rows, hashes->count, sizeof *hashes->rows, by_revision);
	return error;
}

/* The digest of one revision out of the page's hashes; *at moves behind its rows. */
static enum error digest_of(const struct row_hashes *hashes, int64_t revision, size_t *at,
	struct sha256 *digest, int64_t *row_count)
{
	struct sha256 *own;
	size_t begin, count;
	bool done;

	while (*at < hashes->count && hashes->rows[*at].revision < revision)
		(*at)++;
	begin = *at;
	while (*at < hashes->count && hashes->rows[*at].revision == revision)
		(*at)++;
	count = *at - begin;
	*row_count = (int64_t)count;
	own = malloc((count ? count : 1) * sizeof *own);
	if (!own)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		own[i] = hashes->rows[begin + i].hash;
	done = audit_rows_digest(own, count, digest);
	free(own);
	return done ? ERR_OK : ERR_NO_MEMORY;
}

/* ---- verifying ---- */

struct verification {
	const struct call *call;
	struct conn *conn;
	struct audit_chain chain;
	struct row_hashes hashes;
	struct tree_check tree;
	const struct audit_expected *expected;
	bool expected_seen;
	struct audit_verdict *out;
};

static void found(
	struct verification *v, enum audit_fault fault, int64_t revision, const char *detail)
{
	v->out->fault = fault;
	v->out->revision = revision;
	v->out->detail = detail ? detail : audit_fault_text(fault);
}

static enum error verify_records(
	struct verification *v, const struct audit_record *records, size_t count)
{
	size_t at = 0;
	enum error error = hash_rows(v->conn, &v->call->workspace, records[0].revision,
		records[count - 1].revision, &v->hashes);

	for (size_t i = 0; !error && i < count && !v->out->fault; i++) {
		struct sha256 digest;
		int64_t rows;
		enum audit_fault fault;

		error = digest_of(&v->hashes, records[i].revision, &at, &digest, &rows);
		if (error)
			return error;
		fault = audit_chain_next(&v->chain, &records[i], &digest, rows);
		if (fault) {
			found(v, fault,
				fault == AUDIT_GAP ? v->chain.revision + 1 : records[i].revision,
				NULL);
			return ERR_OK;
		}
		v->out->records++;
		if (records[i].revision == v->expected->revision)
			v->expected_seen = sha256_same(&records[i].hash, &v->expected->hash);
		error = tree_check_next(&v->tree, &records[i].hash);
		if (!error && v->tree.fault)
			found(v, v->tree.fault, v->tree.revision, NULL);
	}
	return error;
}

/* ---- what was retired ---- */

/* The leaves that stayed, held against what was kept of the tree. */
static enum error verify_leaves(struct verification *v, const struct retirement_row *step)
{
	struct sha256 *hashes = malloc(HASHES_AT_ONCE * sizeof *hashes);
	enum error error = hashes ? ERR_OK : ERR_NO_MEMORY;

	while (!error && !v->out->fault && v->chain.revision < step->size) {
		size_t count;

		error = audit_hashes(v->conn, &v->call->workspace, v->chain.revision, step->size,
			hashes, HASHES_AT_ONCE, &count);
		if (!error && count == 0)
			found(v, AUDIT_RETAINED, v->chain.revision + 1, NULL);
		for (size_t i = 0; !error && !v->out->fault && i < count; i++) {
			v->chain.revision++;
			v->chain.hash = hashes[i];
			if (v->chain.revision == v->expected->revision)
				v->expected_seen = sha256_same(&hashes[i], &v->expected->hash);
			error = tree_check_next(&v->tree, &hashes[i]);
			if (!error && v->tree.fault)
				found(v, v->tree.fault, v->tree.revision, NULL);
		}
	}
	free(hashes);
	return error;
}

/* They end where the step says, and make its tree. */
static enum error verify_edge(struct verification *v, const struct retirement_row *step)
{
	struct sha256 root;

	if (!merkle_edge_root(&v->tree.edge, &root))
		return ERR_NO_MEMORY;
	if (!sha256_same(&root, &step->root) || !sha256_same(&v->chain.hash, &step->record_hash))
		found(v, AUDIT_RETAINED, step->size, NULL);
	return ERR_OK;
}

static enum error verify_kept(struct verification *v, const struct retirement_row *step)
{
	struct sha256 digest;
	int64_t rows;
	enum error error =
		audit_kept_digest(v->conn, &v->call->workspace, step->size, &rows, &digest);

	if (!error && (rows != step->kept_rows || !sha256_same(&digest, &step->kept_sha256)))
		found(v, AUDIT_RETAINED, 0, NULL);
	if (!error && !v->out->fault)
		error = record_time(v->conn, &v->call->workspace, step->size, &v->chain.at_us);
	v->chain.any = true;
	return error;
}

/* No record that was removed is there again. */
static enum error verify_gone(struct verification *v, const struct retirement_row *step)
{
	struct audit_record *first;
	struct arena arena;
	size_t count;
	enum error error;

	arena_init(&arena, READ_ARENA);
	error = audit_list(
		v->conn, &v->call->workspace, INT64_MIN, 1, NULL, &arena, &first, &count);
	if (!error && count > 0 && first->revision <= step->size)
		found(v, AUDIT_RETAINED, first->revision, NULL);
	arena_release(&arena);
	return error;
}

/* The chain begins behind the newest step, whose own record is checked as any other. */
static enum error verify_retired(struct verification *v)
{
	struct retirement_row step;
	enum error error = retirement_newest(v->conn, &v->call->workspace, &step);

	v->out->retired = step.size;
	if (error || step.size == 0)
		return error;
	error = verify_gone(v, &step);
	if (!error && !v->out->fault)
		error = verify_leaves(v, &step);
	if (!error && !v->out->fault)
		error = verify_edge(v, &step);
	if (!error && !v->out->fault)
		error = verify_kept(v, &step);
	return error;
}

static enum error verify_chain(struct verification *v)
{
	int64_t after = v->chain.revision;

	for (;;) {
		struct audit_record *records;
		struct arena arena;
		size_t count, done = 0;
		enum error error;

		arena_init(&arena, READ_ARENA);
		error = audit_list(v->conn, &v->call->workspace, after, PAGE_RECORDS, NULL, &arena,
			&records, &count);
		while (!error && !v->out->fault && done < count) {
			size_t take = audit_rows_at_once(records + done, count - done);

			error = verify_records(v, records + done, take);
			done += take;
		}
		if (!error && count > 0)
			after = records[count - 1].revision;
		arena_release(&arena);
		if (error || v->out->fault || count < PAGE_RECORDS)
			return error;
	}
}

static enum error verify_head(struct verification *v)
{
	struct head head;
	enum error error = head_read(v->conn, &v->call->workspace, &head);

	if (error)
		return error;
	if (head.revision != v->chain.revision ||
		(v->chain.any && !sha256_same(&head.hash, &v->chain.hash)))
		found(v, AUDIT_HEAD,
			head.revision > v->chain.revision ? v->chain.revision + 1 : head.revision,
			NULL);
	return ERR_OK;
}

/* What was kept of more than there is. */
static enum error verify_tree(struct verification *v)
{
	enum error error = tree_check_end(&v->tree);

	if (!error && v->tree.fault)
		found(v, v->tree.fault, v->tree.revision, NULL);
	return error;
}

static enum error verify_strays(struct verification *v)
{
	enum error error = ERR_OK;

	for (int table = 0; table < HISTORY_COUNT && !error && !v->out->fault; table++) {
		int64_t first = 0, count = 0;

		error = history_stray(v->conn, &v->call->workspace, v->chain.revision,
			(enum history_table)table, &first, &count);
		if (!error && count > 0)
			found(v, AUDIT_STRAY_ROWS, first,
				arena_printf(v->call->arena,
					"%lld row(s) of %s name a revision that the log does not "
					"have.",
					(long long)count,
					history_table_name((enum history_table)table)));
	}
	return error;
}

static enum error verify_state(struct verification *v)
{
	char id[UUID_TEXT_SIZE], ref[SHA256_HEX_SIZE];
	struct sha256 text;
	struct uuid item;
	int64_t different;
	enum error error = items_compare(v->conn, &v->call->workspace, &different, &item);

	if (!error && different > 0) {
		found(v, AUDIT_STATE, 0,
			arena_printf(v->call->arena,
				"%lld item(s) differ from their newest version, for one %s.",
				(long long)different, uuid_to_text(&item, id)));
		return ERR_OK;
	}
	if (!error)
		error = texts_compare(v->conn, &v->call->workspace, &different, &text);
	if (!error && different > 0)
		found(v, AUDIT_TEXT, 0,
			arena_printf(v->call->arena,
				"%lld text(s) do not match their salted hash, for one %s.",
				(long long)different, sha256_to_hex(&text, ref)));
	return error;
}

static enum error verify_all(struct verification *v)
{
	static enum error (*const steps[])(struct verification *) = {verify_retired, verify_chain,
		verify_head, verify_strays, verify_tree, verify_state};
	enum error error = ERR_OK;

	for (size_t i = 0; i < sizeof steps / sizeof *steps && !error && !v->out->fault; i++)
		error = steps[i](v);
	if (!error && !v->out->fault && v->expected->revision > 0 && !v->expected_seen)
		found(v, AUDIT_EXPECTED, v->expected->revision, NULL);
	v->out->head_revision = v->chain.revision;
	v->out->head_hash = v->chain.hash;
	return error;
}

static enum audit_signatures signatures_of(const struct tree_check *tree)
{
	if (tree->of_others > 0)
		return AUDIT_SIGNED_PARTLY;
	return tree->signed_from > 0 ? AUDIT_SIGNED : AUDIT_UNSIGNED;
}

enum error audit_verify(
	const struct call *call, const struct audit_expected *expected, struct audit_verdict *out)
{
	const struct checkpointing *own = call->service->checkpoints;
	struct verification v = {.call = call, .expected = expected, .out = out};
	enum error error = store_acquire(call->service->store, &v.conn);

	*out = (struct audit_verdict){.fault = AUDIT_OK};
	if (error)
		return error;
	error = read_begin(v.conn, &call->workspace);
	if (!error) {
		tree_check_begin(&v.tree, v.conn, &call->workspace, &expected->checkpoint,
			own ? &own->signer.verifier : NULL);
		error = verify_all(&v);
		out->signatures = signatures_of(&v.tree);
		out->signed_from = v.tree.signed_from;
		tree_check_release(&v.tree);
		read_end(v.conn);
	}
	store_release(call->service->store, v.conn);
	free(v.hashes.rows);
	return error;
}
