/*
 * Work that comes back, as a document: an item without identity, a period and a first day.
 */
#include <stdio.h>

#include "base/clock.h"
#include "codec/catalog_internal.h"
#include "codec/item.h"
#include "codec/json.h"
#include "codec/recurrence.h"
#include "winnow/periods.h"
#include "winnow/streams.h"

static const char *const period_names[] = {
	[EVERY_WEEK] = "week", [EVERY_MONTH] = "month", [EVERY_QUARTER] = "quarter", NULL};

enum { MONTH_TEXT = 7, MONTH_AT = 5, QUARTER_MONTHS = 3 };

char *recurrence_key(enum recurrence_period period, int64_t s, char text[PERIOD_KEY_SIZE])
{
	struct wn_span span = period == EVERY_QUARTER ? wn_quarter_span(s, 0) : wn_month_span(s, 0);
	char instant[32];
	unsigned week;
	int year, month;

	if (period == EVERY_WEEK) {
		wn_iso_week(s, &year, &week);
		snprintf(text, PERIOD_KEY_SIZE, "%04d-W%02u", year, week);
		return text;
	}
	time_to_text(span.from_s * US_PER_S, instant);
	month = (instant[MONTH_AT] - '0') * 10 + instant[MONTH_AT + 1] - '0';
	if (period == EVERY_QUARTER)
		snprintf(text, PERIOD_KEY_SIZE, "%.4s-Q%d", instant,
			(month - 1) / QUARTER_MONTHS + 1);
	else
		snprintf(text, PERIOD_KEY_SIZE, "%.*s", MONTH_TEXT, instant);
	return text;
}

/* ---- the item ---- */

/* All but what makes it come back; "start" and "period" are not an item's. */
static json_t *item_tree(const json_t *json, const char *external_id, const char *title)
{
	json_t *tree = json_deep_copy(json);
	int failed = !tree;

	json_object_del(tree, "period");
	json_object_del(tree, "start");
	failed |= json_object_set_new(tree, "source", json_string(RECURRENCE_SOURCE.ptr));
	failed |= json_object_set_new(tree, "external_id", json_string(external_id));
	if (title)
		failed |= json_object_set_new(tree, "title", json_string(title));
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

const char *recurrence_external_id(
	const struct recurrence *recurrence, const char *key, struct arena *arena)
{
	return arena_printf(arena, "%.*s/%s", STR_ARG(recurrence->name), key);
}

enum error recurrence_item(const struct recurrence *recurrence, const char *key,
	const struct catalog *catalog, const char *pointer, struct arena *arena, struct diag *diag,
	struct item_input *out)
{
	const char *external_id = recurrence_external_id(recurrence, key, arena), *title;
	json_t *json = NULL, *tree;
	enum error err = json_parse(recurrence->body, 1, "", diag, &json);

	if (err)
		return err;
	title = arena_printf(
		arena, "%s (%s)", json_string_value(json_object_get(json, "title")), key);
	tree = external_id && title ? item_tree(json, external_id, title) : NULL;
	err = tree ? item_input_parse(tree, ITEM_PARSE_UPSERT, catalog, pointer, arena, diag, out)
		   : ERR_NO_MEMORY;
	json_decref(tree);
	json_decref(json);
	return err;
}

/* ---- reading ---- */

static bool read_start(const json_t *json, struct arena *arena, struct diag *diag, int64_t *out_s)
{
	struct str text = STR_NONE;
	char instant[32];
	int64_t us;

	if (!json_read_text(json, "start", 10, 10, true, "", diag, arena, &text))
		return false;
	snprintf(instant, sizeof instant, "%.*sT00:00:00Z", STR_ARG(text));
	if (!time_parse_rfc3339(str_from(instant), &us)) {
		diag_add(diag, "/start", "A day is expected: YYYY-MM-DD.");
		return false;
	}
	*out_s = us / US_PER_S;
	return true;
}

static bool list_features(const json_t *json, struct arena *arena, struct recurrence *out)
{
	json_t *features = json_object_get(json, "features"), *value;
	struct str *names = arena_array(arena, json_object_size(features), sizeof *names);
	const char *name;

	if (!names)
		return false;
	out->features = names;
	out->feature_count = 0;
	json_object_foreach(features, name, value)
	{
		struct str *place = &names[out->feature_count++];

		*place = str_from(arena_strdup(arena, str_from(name)));
		if (!place->ptr)
			return false;
	}
	return true;
}

bool recurrence_read(
	const json_t *json, struct arena *arena, struct diag *diag, struct recurrence *out)
{
	static const char *const keys[] = {
		"title", "stream", "kind", "team", "labels", "features", "period", "start", NULL};
	struct str title;
	bool ok;
	int period;

	if (!json_is_object(json)) {
		diag_add(diag, "",
			"Work that comes back is a JSON object with title, stream, period and "
			"start.");
		return false;
	}
	ok = json_only_keys(json, keys, "", diag);
	/* With room for the period's name behind it. */
	ok &= json_read_text(
		json, "title", 1, ITEM_MAX_TITLE - PERIOD_KEY_SIZE, true, "", diag, arena, &title);
	ok &= catalog_read_choice(json, "period", period_names, -1, "", diag, &period);
	ok &= read_start(json, arena, diag, &out->start_s);
	out->period = (enum recurrence_period)period;
	return ok && list_features(json, arena, out);
}

/* Readers see what a recurrence says. */
static void refuse_sensitive(
	const struct recurrence *recurrence, const struct catalog *catalog, struct diag *diag)
{
	for (size_t i = 0; i < recurrence->feature_count; i++) {
		struct str name = recurrence->features[i];
		const struct feature_definition *feature = catalog_feature(catalog, name);

		if (feature && feature->sensitive)
			diag_add(diag, diag_key(diag, "/features", name.ptr),
				"This feature is sensitive, and has no place in a recurrence.");
	}
}

/* As an item that is raised would be judged. */
static enum error judge_item(
	const json_t *json, const struct catalog *catalog, struct arena *arena, struct diag *diag)
{
	struct item_input input;
	json_t *tree = item_tree(json, "-", NULL);
	enum error err;

	if (!tree)
		return ERR_NO_MEMORY;
	if (!json_is_string(json_object_get(json, "stream")))
		diag_add(diag, "/stream", "It is needed: which stream is the work of?");
	err = item_input_parse(tree, ITEM_PARSE_UPSERT, catalog, "", arena, diag, &input);
	json_decref(tree);
	return err;
}

enum error recurrence_parse(const json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	struct recurrence recurrence = {0};
	bool ok = recurrence_read(json, arena, diag, &recurrence);
	enum error err = catalog_verdict(ok, diag);

	if (!err)
		err = judge_item(json, catalog, arena, diag);
	if (!err)
		refuse_sensitive(&recurrence, catalog, diag);
	if (!err && diag->count)
		err = ERR_INVALID;
	return err ? err : catalog_body(json_deep_copy(json), arena, body);
}

void recurrence_write(struct buf *out, const struct recurrence *recurrence)
{
	buf_puts(out, "{\"name\":");
	json_canonical_str(out, recurrence->name);
	buf_printf(out, ",\"revision\":%lld,", (long long)recurrence->revision);
	buf_str(out, (struct str){recurrence->body.ptr + 1, recurrence->body.len - 1});
}

const struct recurrence *catalog_recurrence(const struct catalog *catalog, struct str name)
{
	for (size_t i = 0; i < catalog->recurrence_count; i++) {
		if (str_eq(catalog->recurrences[i].name, name))
			return &catalog->recurrences[i];
	}
	return NULL;
}
