/*
 * Proving the log: in one snapshot, every record is recomputed from the rows that it speaks of.
 */
#include "service/audit.h"

#include <stdlib.h>
#include <string.h>

#include "service/audit_kept.h"
#include "service/audit_rows.h"
#include "service/reading.h"
#include "store/aggregates.h"
#include "store/history.h"

enum {
	PAGE_RECORDS = 512,
	READ_ARENA = 512 << 20,
	HASHES_AT_ONCE = 4096,
};

static bool actor_token(struct str actor, struct uuid *out)
{
	const size_t prefix = sizeof "token:" - 1;

	return actor.len > prefix && memcmp(actor.ptr, "token:", prefix) == 0 &&
	       uuid_from_text((struct str){actor.ptr + prefix, actor.len - prefix}, out);
}

static enum error read_kinds(const struct call *call, const struct uuid *ids, size_t count,
	struct token_kind_row **out, size_t *found)
{
	struct conn *conn;
	enum error error = store_acquire(call->service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = token_kinds(conn, ids, count, call->arena, out, found);
		read_end(conn);
	}
	store_release(call->service->store, conn);
	return error;
}

/* An operator's token is in no workspace, so they are looked up in all; a token's kind never changes, so it may
 * be read after the records. */
enum error audit_fill_kinds(const struct call *call, struct audit_record *records, size_t count)
{
	struct uuid *ids = arena_array(call->arena, count, sizeof *ids);
	struct token_kind_row *kinds = NULL;
	size_t id_count = 0, found = 0;
	enum error error;
	struct uuid id;

	if (!ids)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		if (!actor_token(records[i].actor, &id))
			continue;
		records[i].actor_kind = str_from(actor_kind_name(ACTOR_SERVICE));
		if (id_count == 0 || uuid_cmp(&ids[id_count - 1], &id) != 0)
			ids[id_count++] = id;
	}
	if (id_count == 0)
		return ERR_OK;
	error = read_kinds(call, ids, id_count, &kinds, &found);
	for (size_t i = 0; !error && i < count; i++) {
		for (size_t k = 0; k < found && actor_token(records[i].actor, &id); k++) {
			if (uuid_cmp(&kinds[k].id, &id) == 0)
				records[i].actor_kind = kinds[k].actor_kind;
		}
	}
	return error;
}

enum error audit_page(const struct call *call, int64_t after, size_t limit, const char *action,
	struct audit_record **out, size_t *count, struct head *head)
{
	struct reading reading;
	enum error error;

	reading_past(call, 0, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = audit_list(reading.conn, &call->workspace, after, limit, action,
				call->arena, out, count);
	} while (reading_again(&reading, error));
	*head = reading.head;
	return error ? error : audit_fill_kinds(call, *out, *count);
}

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

enum error audit_verify(
	const struct call *call, const struct audit_expected *expected, struct audit_verdict *out)
{
	struct verification v = {.call = call, .expected = expected, .out = out};
	enum error error = store_acquire(call->service->store, &v.conn);

	*out = (struct audit_verdict){.fault = AUDIT_OK};
	if (error)
		return error;
	error = read_begin(v.conn, &call->workspace);
	if (!error) {
		tree_check_begin(&v.tree, v.conn, &call->workspace, &expected->checkpoint);
		error = verify_all(&v);
		tree_check_release(&v.tree);
		read_end(v.conn);
	}
	store_release(call->service->store, v.conn);
	free(v.hashes.rows);
	return error;
}

/* ---- exporting ---- */

/* Writes a record with its rows, which begin at *at in the sorted list. */
static enum error write_export(struct buf *out, const struct audit_record *record,
	const struct audit_rows *rows, size_t *at, struct arena *arena)
{
	struct audit_export_row *own;
	size_t count = audit_rows_of(rows, record->revision, at), begin = *at;

	own = arena_array(arena, count, sizeof *own);
	if (!own)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++)
		own[i] = (struct audit_export_row){history_table_name(rows->rows[begin + i].table),
			rows->rows[begin + i].tuple};
	audit_export_write(out, record, own, count);
	*at += count;
	return ERR_OK;
}

static enum error export_in(const struct call *call, struct conn *conn, int64_t after, size_t limit,
	struct buf *out, int64_t *last)
{
	struct audit_rows rows = {.count = 0};
	struct audit_record *records;
	size_t count, at = 0;
	enum error error = audit_list(
		conn, &call->workspace, after, limit, NULL, call->arena, &records, &count);

	if (error || count == 0)
		return error;
	count = audit_rows_at_once(records, count);
	error = audit_rows_read(call, conn, records, &count, &rows);
	for (size_t i = 0; !error && i < count; i++)
		error = write_export(out, &records[i], &rows, &at, call->arena);
	if (!error)
		*last = records[count - 1].revision;
	audit_rows_release(&rows);
	return error ? error : out->failed ? ERR_NO_MEMORY : ERR_OK;
}

enum error audit_export(const struct call *call, int64_t after, size_t limit, struct buf *out,
	int64_t *last, int64_t *head)
{
	struct call own = *call;
	struct arena arena;
	struct reading reading;
	enum error error;

	/* Nothing has been sent yet, so what a replica began is begun anew. */
	arena_init(&arena, call->arena->budget_bytes);
	own.arena = &arena;
	reading_past(call, 0, &reading);
	do {
		arena_release(&arena);
		buf_reset(out);
		*last = after;
		error = reading_past_begin(&reading);
		if (!error)
			error = export_in(&own, reading.conn, after, limit, out, last);
	} while (reading_again(&reading, error));
	*head = reading.head.revision;
	arena_release(&arena);
	return error;
}
