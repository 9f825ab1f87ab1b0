/*
 * What is due of a workspace's recurrences.
 */
#include "service/recurrences.h"

#include "base/clock.h"
#include "codec/recurrence.h"
#include "service/catalogs.h"
#include "service/items.h"
#include "service/reading.h"

/* Those of the present period that are not there. */
struct raising {
	const struct call *call;
	const struct recurrence *due[RECURRENCES_MAX];
	char keys[RECURRENCES_MAX][PERIOD_KEY_SIZE];
	size_t count;
};

static enum error parse(void *self, size_t index, const struct catalog *catalog,
	const char *pointer, struct arena *arena, struct diag *diag, struct item_input *out)
{
	const struct raising *raising = self;

	return recurrence_item(
		raising->due[index], raising->keys[index], catalog, pointer, arena, diag, out);
}

static enum error is_there(const struct call *call, const char *external_id, bool *there)
{
	struct item_list found;
	struct uuid id;
	enum error error;

	item_id_make(&call->workspace, RECURRENCE_SOURCE, str_from(external_id), &id);
	error = items_get(call, &id, 1, &found);
	if (error)
		return error;
	*there = found.count > 0;
	catalog_unref(found.catalog);
	return ERR_OK;
}

static enum error consider(
	struct raising *raising, const struct recurrence *recurrence, int64_t now_s)
{
	char *key = raising->keys[raising->count];
	const char *external_id;
	bool there;
	enum error error;

	if (now_s < recurrence->start_s)
		return ERR_OK;
	recurrence_key(recurrence->period, now_s, key);
	external_id = recurrence_external_id(recurrence, key, raising->call->arena);
	if (!external_id)
		return ERR_BUDGET;
	error = is_there(raising->call, external_id, &there);
	if (!error && !there)
		raising->due[raising->count++] = recurrence;
	return error;
}

static enum error ingest(struct raising *raising, size_t *raised)
{
	const struct item_source source = {
		.count = raising->count, .parse = parse, .self = raising};
	struct ingest ingest = {
		.atomic = true, .pointer_prefix = "/items", .action = "items.recur"};
	enum error error = items_ingest(raising->call, &source, &ingest);

	*raised = error ? 0 : ingest.counts[OUTCOME_CREATED];
	return error;
}

/* Most workspaces have none, and their catalogues are not to be read for it. */
static enum error has_any(const struct call *call, bool *any)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	*any = false;
	if (error)
		return error;
	error = documents_any(reading.conn, &call->workspace, STR("recurrence"), any);
	reading_end(&reading);
	return error;
}

static enum error raise_due(const struct call *call, const struct catalog *catalog, size_t *raised)
{
	int64_t now_s = clock_now_us(call->service->clock) / US_PER_S;
	struct raising raising = {.call = call};
	enum error error = ERR_OK;

	for (size_t i = 0; i < catalog->recurrence_count && i < RECURRENCES_MAX && !error; i++)
		error = consider(&raising, &catalog->recurrences[i], now_s);
	return !error && raising.count > 0 ? ingest(&raising, raised) : error;
}

enum error recurrences_raise(const struct call *call, size_t *raised)
{
	struct catalog *catalog;
	bool any;
	enum error error = has_any(call, &any);

	*raised = 0;
	if (error || !any)
		return error;
	error = catalog_current(call, &catalog, NULL);
	if (error)
		return error;
	error = raise_due(call, catalog, raised);
	catalog_unref(catalog);
	return error;
}
