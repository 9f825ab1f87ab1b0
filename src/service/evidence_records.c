/*
 * The proved part of a bundle: audit records with the rows that it is about in full, all others of the same
 * revisions by their hashes, and the path of each record to the checkpoint's root.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/receipt.h"
#include "service/audit_rows.h"
#include "service/evidence_parts.h"

enum { PAGE_RECORDS = 256, PAGE_GAP = 16, PAGE_ARENA = 512 << 20, TREE_ARENA = 256 << 20 };

/* Room for one more; false when memory is out. */
static bool grow(void *list, size_t count, size_t *room, size_t size)
{
	void **items = list;
	size_t wanted = *room ? *room * 2 : 256;
	void *grown;

	if (count < *room)
		return true;
	grown = reallocarray(*items, wanted, size);
	if (!grown)
		return false;
	*items = grown;
	*room = wanted;
	return true;
}

/* ---- what is needed from before the span ---- */

bool evidence_note_earlier(struct evidence_making *making, int64_t revision)
{
	/* Of what was retired there is no record to prove it by. */
	if (revision < 1 || revision >= making->first || revision <= making->head.retired)
		return true;
	if (!grow(&making->earlier, making->earlier_count, &making->earlier_room,
		    sizeof *making->earlier))
		return false;
	making->earlier[making->earlier_count++] = revision;
	return true;
}

const struct document *evidence_next(
	const struct evidence_making *making, const struct document *document)
{
	const struct document *next = document + 1;

	return next < making->documents + making->document_count &&
			       str_eq(next->kind, document->kind) &&
			       str_eq(next->name, document->name)
		       ? next
		       : NULL;
}

/* Whether it had been replaced when the span began. */
static bool is_replaced(const struct evidence_making *making, const struct document *document)
{
	const struct document *next = evidence_next(making, document);

	return next && next->revision < making->first;
}

/* Whether an alias names this version of a model or a policy somewhere in the span. */
static bool is_named(const struct evidence_making *making, const struct document *document)
{
	const char *kind = str_is(document->kind, "model") ? "alias" : "policy_alias";
	char version[24];

	for (size_t i = 0; i < making->document_count; i++) {
		const struct document *alias = &making->documents[i];

		snprintf(version, sizeof version, "%lld", (long long)making->named[i]);
		if (making->named[i] > 0 && str_is(alias->kind, kind) &&
			str_is(document->name, version) && !is_replaced(making, alias))
			return true;
	}
	return false;
}

/* All that was in force; of versions of models and policies those that an alias named. */
static bool note_documents(struct evidence_making *making)
{
	bool good = true;

	for (size_t i = 0; good && i < making->document_count; i++) {
		const struct document *document = &making->documents[i];

		if (is_replaced(making, document))
			continue;
		if ((str_is(document->kind, "model") || str_is(document->kind, "policy")) &&
			!is_named(making, document))
			continue;
		good = evidence_note_earlier(making, document->revision);
	}
	return good;
}

static bool is_item(const struct evidence_making *making, const struct uuid *id)
{
	return uuid_map_get(&making->item_places, id) != MAP_NONE;
}

static enum error note_overrides(struct evidence_making *making, struct conn *conn)
{
	struct override_row *rows;
	size_t count;
	enum error error = overrides_load(conn, &making->call->workspace, 0, making->first - 1,
		making->call->arena, &rows, &count);

	for (size_t i = 0; !error && i < count; i++) {
		if ((is_item(making, &rows[i].item) || is_item(making, &rows[i].target)) &&
			!evidence_note_earlier(making, rows[i].revision))
			error = ERR_NO_MEMORY;
	}
	return error;
}

static enum error note_reviews(struct evidence_making *making, struct conn *conn)
{
	struct review_row *rows;
	size_t count;
	enum error error = reviews_load(conn, &making->call->workspace, 0, making->first - 1,
		making->call->arena, &rows, &count);

	for (size_t i = 0; !error && i < count; i++) {
		if (is_item(making, &rows[i].item) &&
			(!evidence_note_earlier(making, rows[i].revision) ||
				!evidence_note_earlier(making, rows[i].ended_revision) ||
				!evidence_note_earlier(making, rows[i].escalated_revision)))
			error = ERR_NO_MEMORY;
	}
	return error;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void sort_earlier(struct evidence_making *making)
{
	size_t kept = 0;

	if (making->earlier_count > 0)
		qsort(making->earlier, making->earlier_count, sizeof *making->earlier, by_number);
	for (size_t i = 0; i < making->earlier_count; i++) {
		if (kept == 0 || making->earlier[kept - 1] != making->earlier[i])
			making->earlier[kept++] = making->earlier[i];
	}
	making->earlier_count = kept;
}

enum error evidence_find_earlier(struct evidence_making *making, struct conn *conn)
{
	bool good = note_documents(making);
	enum error error = ERR_OK;

	for (size_t i = 0; good && i < making->item_count; i++)
		good = evidence_note_earlier(making, making->items[i].base);
	if (!good)
		return ERR_NO_MEMORY;
	if (making->first > 1)
		error = note_overrides(making, conn);
	if (!error && making->first > 1)
		error = note_reviews(making, conn);
	sort_earlier(making);
	return error ? error : evidence_check_size(making);
}

/* ---- which rows are shown ---- */

struct writing {
	struct evidence_making *making;
	struct conn *conn;
	struct arena arena; /* of a page */
	struct arena tree_arena;
	struct tree_reading tree;
	struct merkle_source source;
};

static bool has_item(const struct evidence_making *making, const struct evidence_table *table,
	struct str tuple, const char *column)
{
	struct uuid id;

	return evidence_cell_uuid(table, tuple, column, &id) && is_item(making, &id);
}

static bool has_decision(const struct evidence_making *making, const struct evidence_table *table,
	struct str tuple, const char *column)
{
	struct uuid id;

	return evidence_cell_uuid(table, tuple, column, &id) &&
	       uuid_map_get(&making->decisions, &id) != MAP_NONE;
}

static bool ranks_item(
	const struct evidence_making *making, const struct evidence_table *table, struct str tuple)
{
	struct str entries;
	bool found = false;

	if (!evidence_cell(table, tuple, "entries", &entries) || !entries.ptr)
		return false;
	for (size_t at = 0; !found && at + RANKED_ITEM_BYTES <= entries.len;
		at += RANKED_ITEM_BYTES) {
		struct ranked_item item;

		ranked_item_from_bytes((const unsigned char *)entries.ptr + at, &item);
		found = is_item(making, &item.id);
	}
	return found;
}

static bool compares_item(
	const struct evidence_making *making, const struct evidence_table *table, struct str tuple)
{
	struct str before;

	return !evidence_cell(table, tuple, "before_id", &before) || !before.ptr ||
	       has_item(making, table, tuple, "before_id") ||
	       has_item(making, table, tuple, "after_id");
}

/* Of the item, or of what people wrote about none. */
static bool erases(
	const struct evidence_making *making, const struct evidence_table *table, struct str tuple)
{
	static const struct uuid none;
	struct uuid item;

	return has_item(making, table, tuple, "item_id") ||
	       (evidence_cell_uuid(table, tuple, "item_id", &item) && uuid_cmp(&item, &none) == 0);
}

/* Of a bundle about some items: theirs, and what is about the whole workspace. */
static bool is_wanted(const struct evidence_making *making, enum history_table which,
	const struct evidence_table *table, struct str tuple)
{
	switch (which) {
	case HISTORY_item_versions:
	case HISTORY_reviews: return has_item(making, table, tuple, "item_id");
	case HISTORY_erasures: return erases(making, table, tuple);
	case HISTORY_overrides:
		return has_item(making, table, tuple, "item_id") ||
		       has_item(making, table, tuple, "target_id");
	case HISTORY_override_ends: return has_decision(making, table, tuple, "override_id");
	case HISTORY_review_ends:
	case HISTORY_review_marks:
	case HISTORY_review_comparisons: return has_decision(making, table, tuple, "review_id");
	case HISTORY_erasure_texts: return has_decision(making, table, tuple, "erasure_id");
	case HISTORY_comparisons: return compares_item(making, table, tuple);
	case HISTORY_ranking_chunks: return ranks_item(making, table, tuple);
	default: return true;
	}
}

/* ---- what a shown row leads to ---- */

static bool note_ref(struct evidence_making *making, enum history_table which,
	const struct evidence_table *table, struct str tuple)
{
	struct evidence_ref ref = {.notes = which != HISTORY_item_versions};
	struct str cell;

	if (!evidence_cell(table, tuple, "text_ref", &cell) || cell.len != SHA256_BYTES)
		return true;
	memcpy(ref.ref.bytes, cell.ptr, SHA256_BYTES);
	if (!grow(&making->refs, making->ref_count, &making->ref_room, sizeof *making->refs))
		return false;
	making->refs[making->ref_count++] = ref;
	return true;
}

static bool note_mark(struct evidence_making *making, enum history_table which,
	const struct evidence_table *table, struct str tuple, int64_t revision)
{
	struct evidence_mark mark = {.revision = revision};
	bool found = evidence_cell_uuid(table, tuple, "item_id", &mark.item);
	bool good = true;

	switch (which) {
	case HISTORY_item_versions: mark.kind = MARK_VERSION; break;
	case HISTORY_overrides:
		mark.kind = MARK_OVERRIDE;
		found = found && evidence_cell_uuid(table, tuple, "override_id", &mark.id);
		break;
	case HISTORY_reviews:
		mark.kind = MARK_REVIEW;
		found = found && evidence_cell_uuid(table, tuple, "review_id", &mark.id);
		break;
	case HISTORY_erasures:
		return !evidence_cell_uuid(table, tuple, "erasure_id", &mark.id) ||
		       uuid_map_put(&making->decisions, &mark.id, 0);
	default: return true;
	}
	if (found && mark.kind != MARK_VERSION)
		good = uuid_map_put(&making->decisions, &mark.id, 0);
	if (!found || !is_item(making, &mark.item))
		return good;
	if (!good || !grow(&making->marks, making->mark_count, &making->mark_room,
			     sizeof *making->marks))
		return false;
	making->marks[making->mark_count++] = mark;
	return true;
}

static bool note_actor(struct evidence_making *making, struct str actor)
{
	char *copy;

	if (str_map_get(&making->actor_places, actor) != MAP_NONE)
		return true;
	copy = arena_strdup(making->call->arena, actor);
	if (!copy || !grow(&making->actors, making->actor_count, &making->actor_room,
			     sizeof *making->actors))
		return false;
	actor.ptr = copy;
	making->actors[making->actor_count] = actor;
	return str_map_put(&making->actor_places, actor, (uint32_t)making->actor_count++);
}

/* ---- records ---- */

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_BYTES);
}

/* The rows of one record: those that are shown, and the hashes of the others. */
static enum error sort_out(struct writing *writing, const struct audit_row *rows, size_t count,
	struct evidence_record *record)
{
	struct evidence_making *making = writing->making;
	struct evidence_row *shown = arena_array(&writing->arena, count, sizeof *shown);
	struct sha256 *others = arena_array(&writing->arena, count, sizeof *others);

	if (!shown || !others)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++) {
		const char *name = history_table_name(rows[i].table);
		const struct evidence_table *table = evidence_table_named(str_from(name));

		if (!table || (!evidence_is_whole(making) &&
				      !is_wanted(making, rows[i].table, table, rows[i].tuple))) {
			if (!audit_row_hash(name, rows[i].tuple, &others[record->other_count++]))
				return ERR_NO_MEMORY;
			continue;
		}
		shown[record->row_count++] = (struct evidence_row){table, rows[i].tuple};
		if (!note_ref(making, rows[i].table, table, rows[i].tuple) ||
			!note_mark(making, rows[i].table, table, rows[i].tuple, rows[i].revision))
			return ERR_NO_MEMORY;
	}
	if (record->other_count > 1)
		qsort(others, record->other_count, sizeof *others, by_bytes);
	record->rows = shown;
	record->others = others;
	return ERR_OK;
}

static enum error write_record(struct writing *writing, const struct audit_record *from,
	const struct audit_row *rows, size_t count)
{
	struct evidence_making *making = writing->making;
	struct evidence_record record = {.record = *from};
	struct merkle_proof proof;
	enum error error = sort_out(writing, rows, count, &record);

	if (error)
		return error;
	if (!merkle_inclusion(&writing->source, (uint64_t)from->revision - 1,
		    (uint64_t)making->checkpoint.size, &proof))
		return tree_failure(&writing->tree);
	record.proof = &proof;
	if (!note_actor(making, from->actor))
		return ERR_NO_MEMORY;
	if (!evidence_write_record(making->out, &record))
		return ERR_DATABASE;
	making->record_count++;
	return evidence_check_size(making);
}

/* Of those before the span only the ones that were asked for. */
static bool is_needed(const struct evidence_making *making, int64_t revision)
{
	return revision >= making->first ||
	       bsearch(&revision, making->earlier, making->earlier_count, sizeof *making->earlier,
		       by_number) != NULL;
}

/* As many of the records as are looked at at once; *done is how many. */
static enum error write_some(
	struct writing *writing, const struct audit_record *records, size_t count, size_t *done)
{
	struct audit_rows rows = {.count = 0};
	size_t at = 0;
	struct call call = *writing->making->call;
	enum error error;

	call.arena = &writing->arena;
	*done = audit_rows_at_once(records, count);
	error = audit_rows_read(&call, writing->conn, records, done, &rows);
	for (size_t i = 0; !error && i < *done; i++) {
		size_t own = audit_rows_of(&rows, records[i].revision, &at);

		if (is_needed(writing->making, records[i].revision))
			error = write_record(writing, &records[i], rows.rows + at, own);
		at += own;
	}
	audit_rows_release(&rows);
	return error;
}

/* Up to `limit` records behind `after`; *last is the last one's revision. */
static enum error write_page(struct writing *writing, int64_t after, size_t limit, int64_t *last)
{
	struct audit_record *records;
	size_t count, done = 0, some;
	enum error error;

	arena_init(&writing->arena, PAGE_ARENA);
	error = audit_list(writing->conn, &writing->making->call->workspace, after, limit, NULL,
		&writing->arena, &records, &count);
	if (!error && count == 0)
		error = ERR_DATABASE;
	while (!error && done < count) {
		error = write_some(writing, records + done, count - done, &some);
		done += some;
	}
	if (!error)
		*last = records[count - 1].revision;
	arena_release(&writing->arena);
	return error;
}

/* How many of the earlier ones from `at` on lie so close together that they are read as one page. */
static size_t run_length(const struct evidence_making *making, size_t at)
{
	const int64_t *from = making->earlier + at;
	size_t length = 1;

	while (at + length < making->earlier_count && from[length] - from[0] < PAGE_RECORDS &&
		from[length] - from[length - 1] <= PAGE_GAP)
		length++;
	return length;
}

static enum error write_all(struct writing *writing)
{
	const struct evidence_making *making = writing->making;
	int64_t last = making->first - 1;
	enum error error = ERR_OK;

	for (size_t i = 0, count; !error && i < making->earlier_count; i += count) {
		count = run_length(making, i);
		error = write_page(writing, making->earlier[i] - 1,
			(size_t)(making->earlier[i + count - 1] - making->earlier[i]) + 1, &last);
	}
	last = making->first - 1;
	while (!error && last < making->last) {
		int64_t left = making->last - last;

		error = write_page(writing, last,
			left < PAGE_RECORDS ? (size_t)left : (size_t)PAGE_RECORDS, &last);
	}
	return error;
}

enum error evidence_write_records(struct evidence_making *making, struct conn *conn)
{
	struct writing writing = {.making = making, .conn = conn};
	enum error error;

	arena_init(&writing.tree_arena, TREE_ARENA);
	writing.tree = (struct tree_reading){
		.conn = conn, .workspace = &making->call->workspace, .arena = &writing.tree_arena};
	writing.source = tree_source(&writing.tree);
	error = write_all(&writing);
	arena_release(&writing.tree_arena);
	return error;
}

/* ---- texts ---- */

static int by_ref(const void *a, const void *b)
{
	return memcmp(((const struct evidence_ref *)a)->ref.bytes,
		((const struct evidence_ref *)b)->ref.bytes, SHA256_BYTES);
}

/* Each once, in order. */
static void sort_refs(struct evidence_making *making)
{
	size_t kept = 0;

	if (making->ref_count > 0)
		qsort(making->refs, making->ref_count, sizeof *making->refs, by_ref);
	for (size_t i = 0; i < making->ref_count; i++) {
		if (kept == 0 || by_ref(&making->refs[kept - 1], &making->refs[i]) != 0)
			making->refs[kept++] = making->refs[i];
	}
	making->ref_count = kept;
}

static void write_text(
	struct buf *out, const struct evidence_ref *ref, const struct evidence_text *text)
{
	struct str shown = !text ? STR_NONE : ref->notes ? text->notes : text->title;
	struct json_writer json;
	char hex[SHA256_HEX_SIZE];

	evidence_line_begin(&json, out, EVIDENCE_TEXTS);
	json_put(&json, "ref", text, sha256_to_hex(&ref->ref, hex));
	if (!shown.ptr)
		json_put(&json, "erased", bool, true);
	else if (ref->notes)
		json_put(&json, "notes", raw, shown);
	else
		json_put(&json, "title", str, shown);
	evidence_line_end(&json);
}

enum error evidence_write_texts(struct evidence_making *making, struct conn *conn)
{
	const struct call *call = making->call;
	struct evidence_text *texts;
	struct sha256 *refs;
	size_t found, at = 0;
	enum error error;

	sort_refs(making);
	refs = arena_array(call->arena, making->ref_count, sizeof *refs);
	if (!refs)
		return ERR_BUDGET;
	for (size_t i = 0; i < making->ref_count; i++)
		refs[i] = making->refs[i].ref;
	error = evidence_texts(
		conn, &call->workspace, refs, making->ref_count, call->arena, &texts, &found);
	for (size_t i = 0; !error && i < making->ref_count; i++) {
		bool there = at < found && sha256_same(&texts[at].ref, &refs[i]);

		write_text(making->out, &making->refs[i], there ? &texts[at] : NULL);
		at += there;
	}
	return error ? error : evidence_check_size(making);
}
