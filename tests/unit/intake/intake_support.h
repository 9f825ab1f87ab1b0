/*
 * What the tests of the formats share: run a format over a payload with the default mapping (or
 * another), and judge what comes out by the item schema.
 */
#ifndef WINNOW_TESTS_INTAKE_SUPPORT_H
#define WINNOW_TESTS_INTAKE_SUPPORT_H

#include "codec/catalog_support.h"

#include <dirent.h>
#include <math.h>

#include "codec/item.h"
#include "intake/format.h"

struct intake {
	const struct source_format *format;
	struct catalog *catalog;
	json_t *mapping;
	struct scratch scratch;
	struct intake_result result;
};

/* mapping: NULL for the default one. */
static inline void intake_begin(struct intake *intake, const char *format, const char *mapping)
{
	*intake = (struct intake){.format = source_format_named(str_from(format))};
	assert_non_null(intake->format);
	intake->catalog = default_catalog();
	scratch_begin(&intake->scratch);
	intake->mapping = json_of(
		mapping ? mapping : catalog_mapping(intake->catalog, str_from(format))->body.ptr);
}

static inline void intake_end(struct intake *intake)
{
	json_decref(intake->result.items);
	json_decref(intake->mapping);
	catalog_unref(intake->catalog);
	scratch_end(&intake->scratch);
}

/* Takes the payload's reference. What the run before gave is dropped. */
static inline enum error intake_run(
	struct intake *intake, json_t *payload, const char *event, const char *source)
{
	struct intake_request request = {
		payload, intake->mapping, str_from(event), str_from(source)};
	enum error err;

	json_decref(intake->result.items);
	diag_init(&intake->scratch.diag, &intake->scratch.arena);
	err = intake->format->parse(&request, &intake->scratch.diag, &intake->result);
	json_decref(payload);
	if (err)
		assert_null(intake->result.items);
	return err;
}

static inline json_t *intake_item(const struct intake *intake, size_t i)
{
	json_t *item = json_array_get(intake->result.items, i);

	assert_non_null(item);
	return item;
}

static inline const char *item_text(const struct intake *intake, size_t i, const char *key)
{
	return json_string_value(json_object_get(intake_item(intake, i), key));
}

static inline void assert_text(
	const struct intake *intake, size_t i, const char *key, const char *expected)
{
	const char *text = item_text(intake, i, key);

	if (!text)
		fail_msg("item %zu has no text %s", i, key);
	assert_string_equal(text, expected);
}

static inline void assert_null_member(const struct intake *intake, size_t i, const char *key)
{
	assert_true(json_is_null(json_object_get(intake_item(intake, i), key)));
}

/* The bare value of a feature; NULL when it has none. */
static inline const json_t *item_feature(const struct intake *intake, size_t i, const char *name)
{
	const json_t *features = json_object_get(intake_item(intake, i), "features");

	return json_object_get(json_object_get(features, name), "value");
}

static inline void assert_points(
	const struct intake *intake, size_t i, const char *name, double expected)
{
	const json_t *value = item_feature(intake, i, name);

	if (!json_is_number(value) || json_number_value(value) != expected)
		fail_msg("item %zu: %s is not %g but %g", i, name, expected,
			json_number_value(value));
}

/* The band of the default model that the item falls into; what is unknown counts as the worst. */
static inline const char *item_band(const struct intake *intake, size_t i, bool *candidate)
{
	const struct wn_model *model = &catalog_model(intake->catalog, 1)->model;
	struct item_input input;
	struct item_record record;
	double values[64], score, lowest, highest;
	const double *columns[64];
	const struct wn_rows rows = {.rows = 1, .columns = columns, .column_count = 64};
	struct uuid workspace = {{0}};
	struct arena arena;
	struct diag diag;
	size_t known = 0;
	bool changed;

	arena_init(&arena, 1 << 22);
	diag_init(&diag, &arena);
	if (item_input_parse(intake_item(intake, i), ITEM_PARSE_UPSERT, intake->catalog, "", &arena,
		    &diag, &input) != ERR_OK ||
		item_upsert(NULL, &input, &workspace, intake->catalog, 2, "", &arena, &diag,
			&record, &changed) != ERR_OK) {
		show_faults(&diag);
		fail_msg("item %zu is not of the item schema", i);
	}
	for (size_t f = 0; f < 64; f++) {
		values[f] = NAN;
		columns[f] = &values[f];
	}
	for (size_t f = 0; f < record.item.feature_count; f++)
		values[record.item.features[f].id] = record.item.features[f].number;
	for (size_t t = 0; t < model->term_count; t++)
		known += isnan(values[model->terms[t].column]) ? 0 : 1;
	/* The promise of the default mappings. */
	assert_true(known >= 2);
	wn_model_score_rows(model, &rows, 0, (struct wn_scores){&score, &lowest, &highest});
	*candidate = catalog_status(intake->catalog, record.item.status)->class <= STATUS_ACTIVE;
	arena_release(&arena);
	return model->bands[wn_model_band(model, score)].name;
}

/* All items are of the schema; counts the candidates by band: next_sprint, ready, icebox. */
static inline void count_bands(const struct intake *intake, size_t all[3], size_t candidates[3])
{
	static const char *const names[] = {"next_sprint", "ready", "icebox"};

	memset(all, 0, 3 * sizeof *all);
	memset(candidates, 0, 3 * sizeof *candidates);
	for (size_t i = 0; i < json_array_size(intake->result.items); i++) {
		bool candidate;
		const char *band = item_band(intake, i, &candidate);

		for (size_t b = 0; b < 3; b++) {
			all[b] += strcmp(band, names[b]) == 0;
			candidates[b] += candidate && strcmp(band, names[b]) == 0;
		}
	}
}

static inline json_t *shared_json(const char *folder, const char *name)
{
	char *path = NULL;
	json_t *json;

	assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
	json = json_of_file(path);
	if (!json)
		fail_msg("%s cannot be read", path);
	free(path);
	return json;
}

#endif
