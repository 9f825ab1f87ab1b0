/*
 * Models as JSON: what a client may send, what is pinned, which faults are told and where, and what
 * a reader sees.
 */
#include "codec/catalog_support.h"

#include <math.h>

#include "base/out_of_memory.h"

#define BANDS "'bands':[{'name':'high','at_least':10},{'name':'low'}]"
#define MODEL(terms) "{'name':'m','kind':'weighted_sum','terms':[" terms "]," BANDS "}"

static enum error parse(const char *text, struct scratch *scratch, struct str *body)
{
	struct catalog *catalog = default_catalog();
	struct diag *diag = scratch_begin(scratch);
	json_t *json = json_of(text);
	enum error err = model_parse(json, catalog, &scratch->arena, diag, body);

	json_decref(json);
	catalog_unref(catalog);
	return err;
}

/* The stored model of a body, in a catalogue of its own that the caller frees. */
static struct catalog *stored(struct str body)
{
	struct document all[64];
	struct catalog *catalog = NULL;

	memcpy(all, default_documents, default_document_count * sizeof *all);
	all[default_document_count] = (struct document){STR("model"), STR("2"), body, 3};
	assert_int_equal(catalog_build(all, default_document_count + 1, &catalog), ERR_OK);
	return catalog;
}

static void test_defaults_filled_in_and_pinned(void **state)
{
	struct scratch scratch;
	struct str body = STR_NONE;

	(void)state;
	assert_int_equal(parse("{'kind':'weighted_sum','name':'m','terms':[{'feature':'effort','"
			       "weight':2.0},"
			       "{'feature':'severity','weight':0.5,'unknown':'default','default':1,"
			       "'scale':'value'}]," BANDS "}",
				 &scratch, &body),
		ERR_OK);
	assert_string_equal(body.ptr,
		"{\"bands\":[{\"at_least\":10,\"name\":\"high\"},{\"name\":\"low\"}],"
		"\"kind\":\"weighted_sum\",\"name\":\"m\",\"pins\":{\"effort\":1,\"severity\":1},"
		"\"terms\":[{\"feature\":\"effort\",\"scale\":\"unit\",\"unknown\":\"span\","
		"\"weight\":2},{\"default\":1,\"feature\":\"severity\",\"scale\":\"value\","
		"\"unknown\":\"default\",\"weight\":0.5}]}");
	scratch_end(&scratch);
}

static void test_formula(void **state)
{
	struct scratch scratch;
	struct str body = STR_NONE;
	struct buf out = BUF_INIT;
	struct catalog *catalog;

	(void)state;
	assert_int_equal(
		parse(MODEL("{'feature':'effort','weight':2},"
			    "{'feature':'user_impact','weight':1.5},"
			    "{'feature':'external_dependencies','weight':1,'scale':'value'},"
			    "{'feature':'error_rate_delta','weight':3},"
			    "{'feature':'demand','weight':0.25},"
			    "{'feature':'handles_personal_data','weight':4}"),
			&scratch, &body),
		ERR_OK);
	catalog = stored(body);
	model_write(&out, catalog_model(catalog, 2));
	assert_false(out.failed);
	assert_non_null(
		strstr(out.data, "\"formula\":\"2*(120 - effort)/120 + 1.5*(user_impact - 1)/2 + "
				 "(50 - external_dependencies) + 3*(error_rate_delta + 100)/200 + "
				 "0.25*demand/1000 + "
				 "4*handles_personal_data\""));
	catalog_unref(catalog);
	scratch_end(&scratch);
	buf_release(&out);
}

static void test_rubric(void **state)
{
	struct catalog *catalog = default_catalog();
	const struct wn_model *model = &catalog_model(catalog, 1)->model;
	double values[4] = {3, 2, 2, 2}, lowest, highest;
	const double *columns[4] = {&values[0], &values[1], &values[2], &values[3]};
	const struct wn_rows rows = {.rows = 1, .columns = columns, .column_count = 4};
	struct wn_scores scores;
	double score, low, high;
	struct buf out = BUF_INIT;
	json_t *json;

	(void)state;
	scores = (struct wn_scores){&score, &low, &high};
	wn_model_range(model, &lowest, &highest);
	assert_true(lowest == 8 && highest == 24);
	wn_model_score_rows(model, &rows, 0, scores);
	assert_true(score == 19 && low == 19 && high == 19);
	assert_string_equal(model->bands[wn_model_band(model, score)].name, "next_sprint");
	assert_string_equal(model->bands[wn_model_band(model, 17.5)].name, "ready");
	assert_string_equal(model->bands[wn_model_band(model, 11.9)].name, "icebox");
	values[1] = values[2] = NAN;
	wn_model_score_rows(model, &rows, 0, scores);
	assert_true(score == 15 && low == 15 && high == 23);

	model_write(&out, catalog_model(catalog, 1));
	json = json_of(out.data);
	assert_string_equal(json_string_value(json_object_get(json, "formula")),
		"3*user_impact + 2*fix_confidence + 2*reversibility + cost_of_delay");
	assert_string_equal(json_string_value(json_object_get(json, "name")), "triage_rubric");
	assert_int_equal(json_integer_value(json_object_get(json, "highest")), 24);
	assert_int_equal(json_array_size(json_object_get(json, "bands")), 3);
	assert_int_equal(json_array_size(json_object_get(json, "terms")), 4);
	json_decref(json);
	buf_release(&out);
	catalog_unref(catalog);
}

static void test_faults(void **state)
{
	static const struct {
		const char *json, *pointer, *part;
	} faults[] = {
		{"7", "#", "JSON object"},
		{"{}", "#/name", "required"},
		{"{}", "#/kind", "required"},
		{"{}", "#/terms", "1 to 256"},
		{"{}", "#/bands", "1 to 32"},
		{"{'kind':'oracle'}", "#/kind", "no such kind"},
		{"{'pins':{}}", "#/pins", "server"},
		{"{'colour':1}", "#/colour", "no such"},
		{MODEL("{'feature':'glamour','weight':1}"), "#/terms/0/feature", "no feature"},
		{MODEL("{'feature':'owners','weight':1}"), "#/terms/0/feature", "text"},
		{MODEL("{'feature':'regulatory_due','weight':1}"), "#/terms/0/feature", "date"},
		{MODEL("{'feature':'effort'}"), "#/terms/0/weight", "required"},
		{MODEL("{'feature':'effort','weight':-1}"), "#/terms/0/weight", "not negative"},
		{MODEL("{'feature':'effort','weight':0}"), "#/terms", "greater than 0"},
		{MODEL("{'feature':'effort','weight':1},{'feature':'effort','weight':2}"),
			"#/terms/1/feature", "same feature"},
		{MODEL("{'feature':'effort','weight':1,'scale':'log'}"), "#/terms/0/scale",
			"\"value\""},
		{MODEL("{'feature':'effort','weight':1,'unknown':'zero'}"), "#/terms/0/unknown",
			"\"exclude\""},
		{MODEL("{'feature':'effort','weight':1,'unknown':'default'}"), "#/terms/0/default",
			"required"},
		{MODEL("{'feature':'effort','weight':1,'unknown':'default','default':500}"),
			"#/terms/0/default", "within the bounds"},
		{MODEL("{'feature':'effort','weight':1,'default':5}"), "#/terms/0/default",
			"only with"},
		{MODEL("'effort'"), "#/terms/0", "object"},
		{"{'bands':[{'name':'a'},{'name':'b'}]}", "#/bands/0/at_least", "required"},
		{"{'bands':[{'name':'a','at_least':3}]}", "#/bands/0/at_least", "last band"},
		{"{'bands':[{'name':'a','at_least':3},{'name':'b','at_least':3},{'name':'c'}]}",
			"#/bands/1/at_least", "less than"},
		{"{'bands':[{'name':'a','at_least':3},{'name':'a'}]}", "#/bands/1/name", "same"},
		{"{'bands':[{'at_least':3},{'name':'b'}]}", "#/bands/0/name", "required"},
		{"{'bands':[{'name':'a','at_least':'3'},{'name':'b'}]}", "#/bands/0/at_least",
			"number"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct scratch scratch;
		struct str body = STR_NONE;

		assert_int_equal(parse(faults[i].json, &scratch, &body), ERR_INVALID);
		assert_null(body.ptr);
		assert_fault(&scratch.diag, faults[i].pointer, faults[i].part);
		scratch_end(&scratch);
	}
}

/* One mistake is told once, however many checks see it. */
static void test_no_fault_twice(void **state)
{
	static const char *const models[] = {
		MODEL("{'feature':'glamour','weight':1}"),
		MODEL("{'feature':'effort','weight':'much'}"),
		"{'name':'m','kind':'oracle','terms':[{'feature':'effort','weight':1}]," BANDS "}",
		"{'name':'m','terms':[{'feature':'effort','weight':1}]," BANDS "}",
		("{'name':'m','kind':'weighted_sum','terms':[{'feature':'effort','weight':1}],"
		 "'bands':[{'name':'a','at_least':'x'},{'name':'b','at_least':2},{'name':'c'}]}"),
		"{'name':'m','kind':'weighted_sum','terms':[{'feature':'effort','weight':1}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
		struct scratch scratch;
		struct str body = STR_NONE;

		assert_int_equal(parse(models[i], &scratch, &body), ERR_INVALID);
		if (scratch.diag.count != 1)
			show_faults(&scratch.diag);
		assert_int_equal(scratch.diag.count, 1);
		scratch_end(&scratch);
	}
}

static void test_sensitive_and_unbounded(void **state)
{
	const struct document odd[] = {
		{STR("feature"), STR("salary"),
			STR("{\"bounds\":{\"lower\":0,\"upper\":1},\"description\":\"d\","
			    "\"family\":"
			    "\"effort\",\"id\":0,\"sensitive\":true,\"type\":\"number\"}"),
			1},
		{STR("feature"), STR("votes"),
			STR("{\"description\":\"d\",\"family\":\"effort\",\"id\":1,\"type\":"
			    "\"number\"}"),
			1},
		{STR("feature"), STR("only"),
			STR("{\"categories\":[\"one\"],\"description\":\"d\",\"family\":\"effort\","
			    "\"id\":2,\"type\":\"category\"}"),
			1},
	};
	struct catalog *catalog;
	struct scratch scratch;
	struct diag *diag = scratch_begin(&scratch);
	json_t *json =
		json_of(MODEL("{'feature':'salary','weight':1},"
			      "{'feature':'votes','weight':1},{'feature':'only','weight':1}"));
	struct str body;

	(void)state;
	assert_int_equal(catalog_build(odd, 3, &catalog), ERR_OK);
	assert_true(isinf(catalog_feature(catalog, STR("votes"))->upper));
	assert_int_equal(model_parse(json, catalog, &scratch.arena, diag, &body), ERR_INVALID);
	assert_int_equal(diag->count, 2);
	assert_fault(diag, "#/terms/1/feature", "bound");
	assert_fault(diag, "#/terms/2/feature", "single");
	json_decref(json);
	scratch_end(&scratch);
	catalog_unref(catalog);
}

/* Whether a model gives a sensitive value away is asked of the newest definitions, not of those that it
 * was written with. */
static void test_what_is_sensitive(void **state)
{
	struct document documents[] = {
		{STR("feature"), STR("salary"),
			STR("{\"bounds\":{\"lower\":0,\"upper\":1},\"description\":\"d\","
			    "\"family\":\"effort\",\"id\":0,\"type\":\"number\"}"),
			1},
		{STR("feature"), STR("votes"),
			STR("{\"bounds\":{\"lower\":0,\"upper\":1},\"description\":\"d\","
			    "\"family\":\"effort\",\"id\":1,\"type\":\"number\"}"),
			1},
		{STR("model"), STR("1"),
			STR("{\"bands\":[{\"name\":\"all\"}],\"kind\":\"weighted_sum\",\"name\":"
			    "\"m\",\"pins\":{\"salary\":1},\"terms\":[{\"feature\":\"salary\","
			    "\"scale\":\"unit\",\"unknown\":\"span\",\"weight\":1}]}"),
			1},
		{STR("model"), STR("2"),
			STR("{\"bands\":[{\"name\":\"all\"}],\"kind\":\"weighted_sum\",\"name\":"
			    "\"m\",\"pins\":{\"votes\":1},\"terms\":[{\"feature\":\"votes\","
			    "\"scale\":\"unit\",\"unknown\":\"span\",\"weight\":1}]}"),
			1},
		{STR("feature"), STR("salary"),
			STR("{\"bounds\":{\"lower\":0,\"upper\":1},\"description\":\"d\","
			    "\"family\":\"effort\",\"id\":0,\"sensitive\":true,\"type\":"
			    "\"number\"}"),
			2},
	};
	struct catalog *before, *now;

	(void)state;
	assert_int_equal(catalog_build(documents, 4, &before), ERR_OK);
	assert_int_equal(catalog_build(documents, 5, &now), ERR_OK);
	assert_false(catalog_is_sensitive(before));
	assert_true(catalog_is_sensitive(now));
	assert_false(model_is_sensitive(&before->models[0], before));
	assert_true(model_is_sensitive(&before->models[0], now));
	assert_true(model_is_sensitive(&now->models[0], now));
	assert_false(model_is_sensitive(&now->models[1], now));
	catalog_unref(before);
	catalog_unref(now);
}

static void test_out_of_memory(void **state)
{
	struct catalog *catalog = default_catalog();
	json_t *json = json_of(MODEL("{'feature':'effort','weight':2},"
				     "{'feature':'demand','weight':1,'scale':'value'}"));

	(void)state;
	for (long n = 0;; n++) {
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);
		struct str body = STR_NONE;
		enum error err;
		bool short_of_memory;

		oom_begin(n);
		err = model_parse(json, catalog, &scratch.arena, diag, &body);
		short_of_memory = oom_end();
		if (short_of_memory)
			assert_true(err == ERR_NO_MEMORY && diag->count == 0);
		else
			assert_true(err == ERR_OK && body.ptr);
		scratch_end(&scratch);
		if (!short_of_memory)
			break;
	}
	json_decref(json);
	catalog_unref(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_filled_in_and_pinned),
		cmocka_unit_test(test_formula),
		cmocka_unit_test(test_rubric),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_no_fault_twice),
		cmocka_unit_test(test_sensitive_and_unbounded),
		cmocka_unit_test(test_what_is_sensitive),
		cmocka_unit_test(test_out_of_memory),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
