/*
 * Presets: each is a sound document for a new workspace, takes a name and bands of the client's own,
 * and computes what the authors of its formula do.
 */
#include "codec/catalog_support.h"

#include "codec/contract.h"

#include <math.h>

enum { MAX_ROW = 64 };

static json_t *preset_body(const struct preset *preset)
{
	struct scratch scratch;
	json_t *json = NULL;

	scratch_begin(&scratch);
	if (json_parse(str_from(preset->body), 1, "", &scratch.diag, &json) != ERR_OK)
		show_faults(&scratch.diag);
	assert_non_null(json);
	scratch_end(&scratch);
	return json;
}

static struct str parse_model(
	const struct catalog *catalog, const json_t *json, struct scratch *scratch)
{
	struct str body = STR_NONE;
	enum error err = model_parse(json, catalog, &scratch->arena, &scratch->diag, &body);

	if (err)
		show_faults(&scratch->diag);
	assert_int_equal(err, ERR_OK);
	return body;
}

static void test_presets_parse(void **state)
{
	struct catalog *catalog = default_catalog();

	(void)state;
	assert_true(preset_count >= 7);
	for (size_t i = 0; i < preset_count; i++) {
		const struct preset *preset = &presets[i];
		json_t *json = preset_body(preset);
		struct str body = STR_NONE;
		struct scratch scratch;
		enum error err;

		scratch_begin(&scratch);
		assert_true(preset->description[0] != '\0');
		assert_true(preset_named(preset->kind, str_from(preset->name)) == preset);
		if (strcmp(preset->kind, "model") == 0)
			err = model_parse(json, catalog, &scratch.arena, &scratch.diag, &body);
		else if (strcmp(preset->kind, "policy") == 0)
			err = policy_parse(json, catalog, &scratch.arena, &scratch.diag, &body);
		else
			err = contract_parse(json, catalog, &scratch.arena, &scratch.diag, &body);
		show_faults(&scratch.diag);
		assert_int_equal(err, ERR_OK);
		assert_string_equal(json_string_value(json_object_get(json, "name")), preset->name);
		json_decref(json);
		scratch_end(&scratch);
	}
	assert_null(preset_named("model", STR("field_guards")));
	catalog_unref(catalog);
}

/* {"preset": …} gives what the whole text gives. */
static void test_preset_expands(void **state)
{
	struct catalog *catalog = default_catalog();
	json_t *whole = preset_body(preset_named("model", STR("wsjf")));
	json_t *named = json_of("{'preset':'wsjf'}");
	json_t *own = json_of("{'preset':'wsjf','name':'ours','bands':[{'name':'all'}],"
			      "'description':null}");
	struct scratch scratch;
	struct str body;

	(void)state;
	scratch_begin(&scratch);
	assert_true(str_eq(
		parse_model(catalog, whole, &scratch), parse_model(catalog, named, &scratch)));
	body = parse_model(catalog, own, &scratch);
	assert_non_null(strstr(body.ptr, "\"name\":\"ours\""));
	assert_non_null(strstr(body.ptr, "\"bands\":[{\"name\":\"all\"}]"));
	assert_non_null(strstr(body.ptr, "\"description\":\"Weighted"));
	assert_null(strstr(body.ptr, "preset"));
	json_decref(whole);
	json_decref(named);
	json_decref(own);
	scratch_end(&scratch);
	catalog_unref(catalog);
}

/* A workspace whose catalogue lacks the features is told so. */
static void test_preset_without_features(void **state)
{
	const struct document settings = default_documents[0];
	json_t *json = json_of("{'preset':'rice'}");
	struct catalog *catalog;
	struct scratch scratch;
	struct str body;

	(void)state;
	scratch_begin(&scratch);
	assert_int_equal(catalog_build(&settings, 1, &catalog), ERR_OK);
	assert_int_equal(
		model_parse(json, catalog, &scratch.arena, &scratch.diag, &body), ERR_INVALID);
	assert_fault(&scratch.diag, "#/expression", "reach");
	json_decref(json);
	catalog_unref(catalog);
	scratch_end(&scratch);
}

static struct catalog *with_model(struct str body)
{
	struct document all[64];
	struct catalog *catalog = NULL;

	assert_true(default_document_count < 64);
	memcpy(all, default_documents, default_document_count * sizeof *all);
	all[default_document_count] = (struct document){STR("model"), STR("2"), body, 3};
	assert_int_equal(catalog_build(all, default_document_count + 1, &catalog), ERR_OK);
	return catalog;
}

/* One row by feature names, the rest unknown. */
static struct wn_scored score_of(const struct catalog *catalog, const char *preset,
	const char *const *features, const double *given, size_t count)
{
	json_t *json = preset_body(preset_named("model", str_from(preset)));
	const double *columns[MAX_ROW];
	const struct wn_rows rows = {.rows = 1, .columns = columns, .column_count = MAX_ROW};
	struct catalog *stored;
	double values[MAX_ROW];
	struct scratch scratch;
	struct wn_scored out;

	scratch_begin(&scratch);
	stored = with_model(parse_model(catalog, json, &scratch));
	for (size_t c = 0; c < MAX_ROW; c++) {
		values[c] = NAN;
		columns[c] = &values[c];
	}
	for (size_t i = 0; i < count; i++)
		values[catalog_feature(stored, str_from(features[i]))->id] = given[i];
	wn_model_score_rows(&catalog_model(stored, 2)->model, &rows, 0,
		(struct wn_scores){&out.score, &out.lowest, &out.highest});
	catalog_unref(stored);
	json_decref(json);
	scratch_end(&scratch);
	return out;
}

/* ---- tests/vectors/expression_presets.csv ---- */

enum { MAX_SOURCES = 32, MAX_INPUTS = 4 };

struct vectors {
	char sources[MAX_SOURCES][32];
	size_t source_count;
	size_t of_preset[32]; /* how many lines, by preset */
};

/* Where a line's score comes from is said at the top of the file. */
static void check_source(const struct vectors *vectors, const char *source, const char *line)
{
	for (size_t i = 0; i < vectors->source_count; i++) {
		if (strcmp(vectors->sources[i], source) == 0)
			return;
	}
	fail_msg("no such source: %s", line);
}

static void check_vector(
	const struct catalog *catalog, struct vectors *vectors, char *fields, const char *line)
{
	const char *preset = strtok(fields, ","), *source = strtok(NULL, ",");
	const char *names[MAX_INPUTS];
	double values[MAX_INPUTS], score = strtod(strtok(NULL, ","), NULL);
	struct wn_scored got;
	size_t count = 0;

	check_source(vectors, source, line);
	for (char *input = strtok(NULL, ",\n"); input; input = strtok(NULL, ",\n")) {
		char *equals = strchr(input, '=');

		assert_true(equals && count < MAX_INPUTS);
		*equals = '\0';
		names[count] = input;
		values[count++] = strtod(equals + 1, NULL);
	}
	got = score_of(catalog, preset, names, values, count);
	if (!(fabs(got.score - score) <= 1e-9 * score))
		fail_msg("%.17g: %s", got.score, line);
	assert_true(got.lowest == got.score && got.highest == got.score);
	vectors->of_preset[preset_named("model", str_from(preset)) - presets]++;
}

/* The presets that ship, with their inputs in the units in which the features keep them. */
static void test_preset_scores(void **state)
{
	FILE *file = fopen("tests/vectors/expression_presets.csv", "r");
	struct catalog *catalog = default_catalog();
	struct vectors vectors = {.source_count = 0};
	char line[512], fields[512];

	(void)state;
	if (!file)
		fail_msg("the vectors cannot be read; run the tests from the top of the tree");
	while (fgets(line, sizeof line, file)) {
		assert_true(vectors.source_count < MAX_SOURCES);
		if (sscanf(line, "# source %31[^:]", vectors.sources[vectors.source_count]) == 1)
			vectors.source_count++;
		if (line[0] == '#')
			continue;
		memcpy(fields, line, sizeof fields);
		check_vector(catalog, &vectors, fields, line);
	}
	fclose(file);
	assert_true(preset_count <= 32);
	for (size_t i = 0; i < preset_count; i++) {
		if (strstr(presets[i].body, "\"kind\":\"expression\""))
			assert_true(vectors.of_preset[i] >= 3);
	}
	catalog_unref(catalog);
}

/* Between 120 days (six months) and one: the worst end counts, and the division stays safe. */
static void test_unknown_effort(void **state)
{
	static const char *const features[] = {"reach", "impact", "confidence"};
	static const double values[] = {600, 1, 100};
	struct catalog *catalog = default_catalog();
	struct wn_scored got = score_of(catalog, "rice", features, values, 3);

	(void)state;
	assert_true(got.score == 100 && got.lowest == 100);
	assert_true(fabs(got.highest - 12000) < 1e-6);
	catalog_unref(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presets_parse),
		cmocka_unit_test(test_preset_expands),
		cmocka_unit_test(test_preset_without_features),
		cmocka_unit_test(test_preset_scores),
		cmocka_unit_test(test_unknown_effort),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
