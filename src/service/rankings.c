/*
 * Keeping a ranking: its receipt and its entries in one revision, chunk by chunk, so that a million
 * items need no more memory than a few thousand.
 */
#include "service/rankings.h"

#include "codec/json_writer.h"
#include "service/kept.h"
#include "service/reading.h"

struct keeping {
	const struct ranking_content *content;
	struct ranking_row *out;
	bool created;
};

static bool same_receipt(const struct receipt *a, const struct receipt *b)
{
	return a->revision == b->revision && a->as_of_us == b->as_of_us && a->model == b->model &&
	       a->policy == b->policy && a->item_count == b->item_count &&
	       sha256_same(&a->order, &b->order);
}

/* What is kept is kept: *met says that there is one. */
static enum error meet_kept(struct write *write, struct keeping *keeping, bool *met)
{
	const struct ranking_content *content = keeping->content;
	enum error error = ranking_read(tx_conn(write->tx), &write->call->workspace, content->id,
		write->call->arena, keeping->out);

	*met = !error;
	if (error)
		return error == ERR_NOT_FOUND ? ERR_OK : error;
	if (same_receipt(&keeping->out->receipt, &content->receipt))
		return ERR_OK;
	diag_add(write->call->diag, "",
		"A ranking of this id is kept already, and it is not the same.");
	return ERR_CONFLICT;
}

static enum error append_entries(struct write *write, const struct ranking_content *content)
{
	size_t total = (size_t)content->receipt.item_count;
	struct ranked_item *items =
		arena_array(write->call->arena, RANKING_CHUNK_ITEMS, sizeof *items);
	unsigned char *bytes =
		arena_array(write->call->arena, RANKING_CHUNK_ITEMS, RANKED_ITEM_BYTES);
	enum error error = ERR_OK;

	if (!items || !bytes)
		return ERR_BUDGET;
	for (size_t first = 1; !error && first <= total; first += RANKING_CHUNK_ITEMS) {
		size_t left = total - first + 1;
		size_t count = left < RANKING_CHUNK_ITEMS ? left : RANKING_CHUNK_ITEMS;

		content->entries(content->self, first, count, items);
		for (size_t i = 0; i < count; i++)
			ranked_item_bytes(&items[i], bytes + i * RANKED_ITEM_BYTES);
		error = ranking_chunk_append(&write->change, content->id, (int64_t)first,
			(struct str){(const char *)bytes, count * RANKED_ITEM_BYTES});
	}
	return error;
}

/* Canonical: keys in byte order. The note is no part of it. */
static enum error finish(struct write *write, const struct ranking_row *ranking)
{
	const struct receipt *receipt = &ranking->receipt;
	struct buf detail = BUF_INIT;
	char hex[SHA256_HEX_SIZE];
	struct json_writer json;
	const char *subject =
		arena_printf(write->call->arena, "ranking:%.*s", STR_ARG(ranking->id));
	enum error error;

	json_writer_init(&json, &detail);
	json_object_begin(&json);
	json_put(&json, "item_count", int, receipt->item_count);
	json_put(&json, "model", int, receipt->model);
	json_put(&json, "order_sha256", text, sha256_to_hex(&receipt->order, hex));
	json_put(&json, "policy", int, receipt->policy);
	json_object_end(&json);
	error = subject && !detail.failed
			? write_finish(write, "ranking.keep", subject, buf_view(&detail))
			: ERR_NO_MEMORY;
	buf_release(&detail);
	return error;
}

static enum error keep_body(struct write *write, void *arg)
{
	struct keeping *keeping = arg;
	const struct ranking_content *content = keeping->content;
	bool met;
	enum error error = meet_kept(write, keeping, &met);

	keeping->created = !error && !met;
	kept_put_str(&write->kept, content->id);
	write->nothing = !error && met;
	if (error || met)
		return error;
	*keeping->out = (struct ranking_row){
		.id = content->id,
		.revision = write->change.revision,
		.receipt = content->receipt,
		.note = content->note,
		.kept_by = str_from(call_actor(write->call)),
		.kept_us = write->change.at_us,
	};
	error = ranking_append(&write->change, keeping->out);
	if (!error)
		error = append_entries(write, content);
	return error ? error : finish(write, keeping->out);
}

/* Another ranking may be the newest now. */
static enum error keep_recall(struct write *write, struct kept *kept, void *arg)
{
	struct keeping *keeping = arg;

	keeping->created = write->written.changed;
	return ranking_read(tx_conn(write->tx), &write->call->workspace, kept_str(kept),
		write->call->arena, keeping->out);
}

enum error ranking_keep(const struct call *call, const struct ranking_content *content,
	struct ranking_row *out, bool *created, struct written *written)
{
	static const struct write_steps steps = {keep_body, keep_recall};
	struct keeping keeping = {.content = content, .out = out};
	enum error error;

	*created = false;
	if (content->note.ptr && content->note.len > RANKING_MAX_NOTE) {
		diag_add(call->diag, "/note", "At most %d bytes, not %zu.", RANKING_MAX_NOTE,
			content->note.len);
		return ERR_INVALID;
	}
	error = write_once(call, &call->workspace, &steps, &keeping, written);
	*created = !error && keeping.created;
	return error;
}

/* ---- reading ---- */

enum error ranking_get(
	const struct call *call, struct str id, struct ranking_row *out, int64_t *revision)
{
	struct reading reading;
	enum error error;

	reading_past(call, 0, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = ranking_read(reading.conn, &call->workspace, id, call->arena, out);
	} while (reading_again(&reading, error));
	*revision = reading.head.revision;
	return error;
}

enum error ranking_list(const struct call *call, int64_t before, size_t limit,
	struct ranking_row **out, size_t *count, int64_t *revision)
{
	struct reading reading;
	enum error error;

	reading_past(call, 0, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = rankings_list(reading.conn, &call->workspace, before, limit,
				call->arena, out, count);
	} while (reading_again(&reading, error));
	*revision = reading.head.revision;
	return error;
}

enum error ranking_page(const struct call *call, const struct ranking_range *range,
	struct ranking_row *header, struct ranked_item **out, size_t *found, int64_t *revision)
{
	struct reading reading;
	enum error error;

	reading_past(call, 0, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = ranking_read(
				reading.conn, &call->workspace, range->id, call->arena, header);
		if (!error)
			error = ranking_entries(reading.conn, &call->workspace, range->id,
				range->from, range->count, call->arena, out, found);
	} while (reading_again(&reading, error));
	*revision = reading.head.revision;
	return error;
}
