/*
 * Comparisons: recorded under the lock, where what they name must be there.
 */
#include "service/comparisons.h"

#include <math.h>
#include <stdlib.h>

#include "codec/json_writer.h"
#include "service/catalogs.h"
#include "service/criteria.h"
#include "service/items_common.h"
#include "service/kept.h"
#include "service/principal.h"
#include "service/reading.h"

struct comparing {
	const struct comparison_input *inputs;
	size_t count;
	struct comparison_row *out;
	struct catalog *catalog; /* that the attempt met; a reference */
	struct item_row *items;  /* that are named, by id */
	size_t item_count;
	int64_t stored; /* before this */
};

/* ---- judging ---- */

static void fault(struct diag *diag, const struct comparison_input *input, const char *place,
	const char *detail)
{
	const char *pointer = arena_printf(diag->arena, "%s%s", input->pointer, place);

	diag_add(diag, pointer ? pointer : place, "%s", detail);
}

static void check_feature(const struct comparing *comparing, const struct comparison_input *input,
	struct str name, const char *place, struct diag *diag)
{
	const char *why = criterion_fault(comparing->catalog, name);

	if (why)
		fault(diag, input, place, why);
}

static void check_criteria(
	const struct comparing *comparing, const struct comparison_input *input, struct diag *diag)
{
	check_feature(comparing, input, input->before_name, "/criteria/more", diag);
	check_feature(comparing, input, input->after_name, "/criteria/less", diag);
	if (str_eq(input->before_name, input->after_name))
		fault(diag, input, "/criteria/less", "A feature cannot be compared with itself.");
	if (!(input->ratio >= COMPARISON_RATIO_LEAST && input->ratio <= COMPARISON_RATIO_MOST))
		fault(diag, input, "/criteria/ratio",
			"Say how much more the first one matters, from 1 (as much) to 9.");
}

static void check_shape(const struct comparing *comparing, struct diag *diag)
{
	for (size_t i = 0; i < comparing->count; i++) {
		const struct comparison_input *input = &comparing->inputs[i];

		if (input->criteria)
			check_criteria(comparing, input, diag);
		else if (uuid_cmp(&input->before, &input->after) == 0)
			fault(diag, input, "/after", "An item cannot be compared with itself.");
	}
}

static int by_id(const void *x, const void *y)
{
	const struct item_row *a = x, *b = y;

	return uuid_cmp(&a->record.id, &b->record.id);
}

static enum error meet_items(struct write *write, struct comparing *comparing)
{
	struct uuid *ids = arena_array(write->call->arena, 2 * comparing->count, sizeof *ids);
	size_t count = 0;
	enum error error;

	if (!ids)
		return ERR_BUDGET;
	for (size_t i = 0; i < comparing->count; i++) {
		if (comparing->inputs[i].criteria)
			continue;
		ids[count++] = comparing->inputs[i].before;
		ids[count++] = comparing->inputs[i].after;
	}
	comparing->item_count = 0;
	if (count == 0)
		return ERR_OK;
	error = items_by_id(tx_conn(write->tx), &write->call->workspace, ids, count,
		write->call->arena, &comparing->items, &comparing->item_count);
	if (!error && comparing->item_count > 1)
		qsort(comparing->items, comparing->item_count, sizeof *comparing->items, by_id);
	return error;
}

static const struct item_row *item_of(const struct comparing *comparing, const struct uuid *id)
{
	const struct item_row key = {.record = {.id = *id}};

	if (comparing->item_count == 0)
		return NULL;
	return bsearch(&key, comparing->items, comparing->item_count, sizeof key, by_id);
}

/* The worse of the two errors that a list of items can have: what is missing goes first. */
static enum error worse(enum error a, enum error b)
{
	return a == ERR_NOT_FOUND || b == ERR_OK ? a : b;
}

static enum error check_item(const struct comparing *comparing,
	const struct comparison_input *input, const struct uuid *id, const char *place,
	struct diag *diag)
{
	const struct item_row *item = item_of(comparing, id);

	if (!item) {
		fault(diag, input, place, "There is no such item in this workspace.");
		return ERR_NOT_FOUND;
	}
	if (item_is_finished(item, comparing->catalog)) {
		fault(diag, input, place,
			"The item is finished. Only items that are open or in progress can be "
			"compared.");
		return ERR_CONFLICT;
	}
	return ERR_OK;
}

static enum error check_items(const struct comparing *comparing, struct diag *diag)
{
	enum error error = ERR_OK;

	for (size_t i = 0; i < comparing->count; i++) {
		const struct comparison_input *input = &comparing->inputs[i];

		if (input->criteria)
			continue;
		error = worse(error, check_item(comparing, input, &input->before, "/before", diag));
		error = worse(error, check_item(comparing, input, &input->after, "/after", diag));
	}
	return error;
}

/* ---- recording ---- */

static void fill_row(
	const struct write *write, const struct comparison_input *input, struct comparison_row *out)
{
	*out = (struct comparison_row){
		.revision = write->change.revision,
		.ratio = input->criteria ? input->ratio : NAN,
		.made_us = write->change.at_us,
		.author = str_from(call_actor(write->call)),
	};
	uuid_random(&out->id);
	if (input->criteria) {
		out->before_name = input->before_name;
		out->after_name = input->after_name;
	} else {
		out->before = input->before;
		out->after = input->after;
	}
}

/* Canonical: keys in byte order. The subject names the only one. */
static void write_comparison(
	struct json_writer *json, const struct comparison_row *comparison, bool with_id)
{
	bool criteria = comparison->before_name.ptr != NULL;

	json_object_begin(json);
	json_key(json, "after");
	if (criteria)
		json_str(json, comparison->after_name);
	else
		json_uuid(json, &comparison->after);
	json_key(json, "before");
	if (criteria)
		json_str(json, comparison->before_name);
	else
		json_uuid(json, &comparison->before);
	if (with_id)
		json_put(json, "id", uuid, &comparison->id);
	if (criteria)
		json_put(json, "ratio", number, comparison->ratio);
	json_object_end(json);
}

static void write_detail(struct buf *out, const struct comparing *comparing)
{
	struct json_writer json;

	json_writer_init(&json, out);
	if (comparing->count == 1) {
		write_comparison(&json, comparing->out, false);
		return;
	}
	json_object_begin(&json);
	json_key(&json, "comparisons");
	json_array_begin(&json);
	for (size_t i = 0; i < comparing->count; i++)
		write_comparison(&json, &comparing->out[i], true);
	json_array_end(&json);
	json_object_end(&json);
}

static enum error finish(struct write *write, const struct comparing *comparing)
{
	bool single = comparing->count == 1;
	struct buf detail = BUF_INIT;
	char id[UUID_TEXT_SIZE];
	const char *subject = "";
	enum error error;

	if (single)
		subject = arena_printf(
			write->call->arena, "comparison:%s", uuid_to_text(&comparing->out->id, id));
	write_detail(&detail, comparing);
	error = subject && !detail.failed
			? write_finish(write, single ? "comparison.create" : "comparisons.create",
				  subject, buf_view(&detail))
			: ERR_NO_MEMORY;
	buf_release(&detail);
	return error;
}

/* They are never taken back, and all are read whenever the workspace is loaded. */
static enum error check_room(const struct comparing *comparing, struct diag *diag)
{
	if (comparing->stored + (int64_t)comparing->count <= COMPARISONS_KEPT_MAX)
		return ERR_OK;
	diag_add(diag, "", "This workspace has %lld comparisons, and %d are the most.",
		(long long)comparing->stored, COMPARISONS_KEPT_MAX);
	return ERR_CONFLICT;
}

/* What is said of items is what a pairwise model ranks by, at once and with nobody between: that is people's.
 * What is said of criteria only suggests weights. */
static enum error check_actor(const struct write *write, const struct comparing *comparing)
{
	bool items = false;

	for (size_t i = 0; i < comparing->count; i++)
		items |= !comparing->inputs[i].criteria;
	return !items || principal_may_decide(write->call->principal) ? ERR_OK : ERR_AGENT;
}

static enum error create_in(struct write *write, struct comparing *comparing)
{
	struct diag *diag = write->call->diag;
	enum error error;

	check_shape(comparing, diag);
	if (diag->count)
		return ERR_INVALID;
	error = check_actor(write, comparing);
	if (!error)
		error = meet_items(write, comparing);
	if (!error)
		error = check_items(comparing, diag);
	if (!error)
		error = check_room(comparing, diag);
	for (size_t i = 0; !error && i < comparing->count; i++) {
		fill_row(write, &comparing->inputs[i], &comparing->out[i]);
		kept_put_uuid(&write->kept, &comparing->out[i].id);
		error = comparison_append(&write->change, &comparing->out[i]);
	}
	return error ? error : finish(write, comparing);
}

static enum error create_body(struct write *write, void *arg)
{
	struct comparing *comparing = arg;
	enum error error = catalogs_at(write->call->service->catalogs, tx_conn(write->tx),
		&write->call->workspace, write->change.config_revision, &comparing->catalog);

	if (error)
		return error;
	error = create_in(write, comparing);
	catalog_unref(comparing->catalog);
	return error;
}

static enum error create_recall(struct write *write, struct kept *kept, void *arg)
{
	struct comparing *comparing = arg;

	for (size_t i = 0; i < comparing->count; i++) {
		fill_row(write, &comparing->inputs[i], &comparing->out[i]);
		comparing->out[i].id = kept_uuid(kept);
	}
	return ERR_OK;
}

/* Before the lock, since counting a million takes its time: those that are under way at the same moment
 * may bring the workspace a little over. */
static enum error count_stored(const struct call *call, int64_t *count)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	error = comparisons_count(reading.conn, &call->workspace, count);
	reading_end(&reading);
	return error;
}

enum error comparisons_create(const struct call *call, const struct comparison_input *inputs,
	size_t count, struct comparison_row *out, struct written *written)
{
	static const struct write_steps steps = {create_body, create_recall};
	struct comparing comparing = {.inputs = inputs, .count = count, .out = out};
	enum error error = count_stored(call, &comparing.stored);

	return error ? error : write_once(call, &call->workspace, &steps, &comparing, written);
}

/* ---- reading ---- */

enum error comparison_list(const struct call *call, const struct comparison_filter *filter,
	struct comparison_row **out, size_t *count, int64_t *revision)
{
	struct reading reading;
	enum error error;

	reading_past(call, 0, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = comparisons_list(
				reading.conn, &call->workspace, filter, call->arena, out, count);
	} while (reading_again(&reading, error));
	*revision = reading.head.revision;
	return error;
}
