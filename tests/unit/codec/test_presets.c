/*
 * Presets: each is a sound document for a new workspace, takes a name and bands of the client's own,
 * and computes what the authors of its formula do.
 */
#include "codec/catalog_support.h"

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
		else
			err = policy_parse(json, catalog, &scratch.arena, &scratch.diag, &body);
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

/* Values by feature; the score is worked out by hand from the author's definition. */
static const struct {
	const char *preset;
	struct {
		const char *feature;
		double value;
	} values[4];
	double score;
} examples[] = {
	/* 500 people, impact 3, 100 %, one person-month of 20 days: 500 * 3 * 1 / 1. */
	{"rice", {{"reach", 500}, {"impact", 3}, {"confidence", 100}, {"effort", 20}}, 1500},
	/* 2000 people, impact 1, 80 %, two months: 2000 * 1 * 0.8 / 2. */
	{"rice", {{"reach", 2000}, {"impact", 1}, {"confidence", 80}, {"effort", 40}}, 800},
	/* Half a day counts as one: 1/20 of a month. */
	{"rice", {{"reach", 100}, {"impact", 0.5}, {"confidence", 50}, {"effort", 0.5}}, 500},
	/* 8 * 7 * 5. */
	{"ice", {{"impact", 8}, {"confidence", 70}, {"ease", 5}}, 280},
	/* (13 + 8 + 5) / 2. */
	{"wsjf",
		{{"business_value", 13}, {"time_criticality", 8}, {"risk_reduction", 5},
			{"job_size", 2}},
		13},
	/* 30,000 a week, three weeks. */
	{"cost_of_delay", {{"delay_cost", 30000}, {"effort", 15}}, 10000},
	/* (3 + 2) / 10. */
	{"value_effort", {{"user_impact", 3}, {"cost_of_delay", 2}, {"effort", 10}}, 0.5},
};

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

static void test_preset_scores(void **state)
{
	struct catalog *catalog = default_catalog();

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		const char *features[4];
		double values[4];
		struct wn_scored got;
		size_t count = 0;

		for (; count < 4 && examples[i].values[count].feature; count++) {
			features[count] = examples[i].values[count].feature;
			values[count] = examples[i].values[count].value;
		}
		got = score_of(catalog, examples[i].preset, features, values, count);
		if (fabs(got.score - examples[i].score) > 1e-9 * examples[i].score)
			print_message("%s: %.17g\n", examples[i].preset, got.score);
		assert_true(fabs(got.score - examples[i].score) <= 1e-9 * examples[i].score);
		assert_true(got.lowest == got.score && got.highest == got.score);
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
