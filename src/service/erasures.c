/*
 * Texts are emptied in the side table, which no digest covers; each item that showed one gets a new
 * version that differs in nothing else, so that whoever follows the log looks at it again. What people wrote
 * who decided no ranking shows, so that takes no version.
 */
#include "service/erasures.h"

#include "codec/json_writer.h"
#include "service/kept.h"
#include "service/reading.h"

struct erasing {
	const struct erasure_input *input;
	struct erasure_done *out;
	struct sha256 *refs;
	size_t ref_count;
	struct uuid *items; /* that have a version with one of the texts */
	size_t item_count;
};

static bool is_erased_now(const struct erasing *erasing, const struct sha256 *ref)
{
	for (size_t i = 0; i < erasing->ref_count; i++) {
		if (sha256_same(&erasing->refs[i], ref))
			return true;
	}
	return false;
}

static enum error check_shared(const struct call *call, const struct erasing *erasing)
{
	size_t others = 0;

	for (size_t i = 0; i < erasing->item_count; i++)
		others += uuid_cmp(&erasing->items[i], &erasing->input->item) != 0;
	if (others > ERASURE_MAX_ITEMS) {
		diag_add(call->diag, "", "More than %d items have one of the texts.",
			ERASURE_MAX_ITEMS);
		return ERR_CONFLICT;
	}
	if (others == 0 || erasing->input->shared)
		return ERR_OK;
	diag_add(call->diag, "/shared",
		"%zu other item(s) have the very same text, which is kept once for all. Say "
		"\"shared\": true to erase it for them, too.",
		others);
	return ERR_CONFLICT;
}

static bool is_of_item(const struct erasing *erasing)
{
	return !erasing->input->subject.ptr && erasing->input->revision == 0;
}

static enum error look_for_item(struct write *write, struct erasing *erasing)
{
	const struct call *call = write->call;
	struct conn *conn = tx_conn(write->tx);
	struct item_row *rows;
	size_t found;
	enum error error = items_by_id(
		conn, &call->workspace, &erasing->input->item, 1, call->arena, &rows, &found);

	if (!error && found == 0)
		return ERR_NOT_FOUND;
	if (!error)
		error = erasure_refs(conn, &call->workspace, &erasing->input->item,
			erasing->input->decisions, call->arena, &erasing->refs,
			&erasing->ref_count);
	if (error || erasing->ref_count == 0)
		return error;
	error = erasure_items(conn, &call->workspace, erasing->refs, erasing->ref_count,
		ERASURE_MAX_ITEMS + 2, call->arena, &erasing->items, &erasing->item_count);
	return error ? error : check_shared(call, erasing);
}

/* What is to be erased, and which items have it. No item has a rationale: an item's text has a title. */
static enum error look(struct write *write, struct erasing *erasing)
{
	const struct call *call = write->call;

	if (is_of_item(erasing))
		return look_for_item(write, erasing);
	return erasure_refs_of_records(tx_conn(write->tx), &call->workspace,
		erasing->input->subject, erasing->input->revision, call->arena, &erasing->refs,
		&erasing->ref_count);
}

/* The version as it was, but at this revision; its line is not known any more. */
static enum error add_version(struct items_batch *batch, const struct item_row *row)
{
	const struct item_storable storable = {
		.text_ref = row->text_ref,
		.has_text = row->has_text,
		.text_present = row->text_present,
		.extra = row->extra,
		.blocked_by = row->blocked_by,
		.blocked_by_count = row->blocked_by_count,
	};

	return items_batch_add(batch, &row->record, &storable, NULL);
}

static enum error add_versions(struct write *write, const struct erasing *erasing)
{
	const struct call *call = write->call;
	struct items_batch *batch;
	struct item_row *rows;
	size_t found;
	enum error error = items_by_id(tx_conn(write->tx), &call->workspace, erasing->items,
		erasing->item_count, call->arena, &rows, &found);

	if (!error)
		error = items_batch_new(&write->change, &batch);
	if (error)
		return error;
	for (size_t i = 0; i < found && !error; i++) {
		if (rows[i].has_text && is_erased_now(erasing, &rows[i].text_ref))
			error = add_version(batch, &rows[i]);
	}
	items_batch_free(batch);
	return error;
}

/* As the audit log names it; NULL when memory is out. */
static const char *subject_of(const struct write *write, const struct erasing *erasing)
{
	const struct erasure_input *input = erasing->input;
	struct arena *arena = write->call->arena;
	char id[UUID_TEXT_SIZE];

	if (is_of_item(erasing))
		return arena_printf(arena, "item:%s", uuid_to_text(&input->item, id));
	if (input->subject.ptr)
		return arena_strdup(arena, input->subject);
	return arena_printf(arena, "revision:%lld", (long long)input->revision);
}

/* Canonical: keys in byte order. */
static enum error finish(struct write *write, const struct erasing *erasing)
{
	struct buf detail = BUF_INIT;
	struct json_writer json;
	const char *action = is_of_item(erasing) ? "item.erase" : "rationale.erase";
	const char *subject = subject_of(write, erasing);
	enum error error;

	json_writer_init(&json, &detail);
	json_object_begin(&json);
	json_put(&json, "erasure", uuid, &erasing->out->id);
	json_put(&json, "items", int, erasing->out->items);
	json_put(&json, "texts", int, erasing->out->texts);
	json_object_end(&json);
	error = subject && !detail.failed ? write_finish(write, action, subject, buf_view(&detail))
					  : ERR_NO_MEMORY;
	buf_release(&detail);
	return error;
}

static enum error erase_body(struct write *write, void *arg)
{
	struct erasing *erasing = arg;
	struct erasure_row row = {
		.item = erasing->input->item,
		.made_us = write->change.at_us,
		.author = str_from(call_actor(write->call)),
		.rationale = erasing->input->rationale,
	};
	enum error error = look(write, erasing);

	*erasing->out = (struct erasure_done){.texts = (int64_t)erasing->ref_count};
	if (error)
		return error;
	write->nothing = erasing->ref_count == 0;
	if (!write->nothing) {
		uuid_random(&row.id);
		erasing->out->id = row.id;
		erasing->out->items = (int64_t)erasing->item_count;
	}
	kept_put_uuid(&write->kept, &erasing->out->id);
	kept_put_int(&write->kept, erasing->out->texts);
	kept_put_int(&write->kept, erasing->out->items);
	if (write->nothing)
		return ERR_OK;
	error = erasure_append(&write->change, &row, erasing->refs, erasing->ref_count);
	if (!error && erasing->item_count > 0)
		error = add_versions(write, erasing);
	return error ? error : finish(write, erasing);
}

static enum error erase_recall(struct write *write, struct kept *kept, void *arg)
{
	struct erasure_done *out = ((struct erasing *)arg)->out;

	(void)write;
	out->id = kept_uuid(kept);
	out->texts = kept_int(kept);
	out->items = kept_int(kept);
	return ERR_OK;
}

enum error erase_texts(const struct call *call, const struct erasure_input *input,
	struct erasure_done *out, struct written *written)
{
	static const struct write_steps steps = {erase_body, erase_recall};
	struct erasing erasing = {.input = input, .out = out};

	return write_once(call, &call->workspace, &steps, &erasing, written);
}

enum error erasure_list(const struct call *call, int64_t before, size_t limit,
	struct erasure_row **out, size_t *count, int64_t *revision)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	error = erasures_list(
		reading.conn, &call->workspace, before, limit, call->arena, out, count);
	reading_end(&reading);
	*revision = reading.head.revision;
	return error;
}
