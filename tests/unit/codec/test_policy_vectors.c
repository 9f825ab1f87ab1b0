/*
 * Policy verdicts: tests/vectors/policy_verdicts.ndjson has one item and some rules a line, and the
 * effects that must follow; the first line says by what source. The rules go the whole way: parsed,
 * stored, read back, bound, applied.
 */
#include "codec/catalog_support.h"

#include <math.h>

#include "base/clock.h"
#include "codec/presets_internal.h"

/* One item as the engine sees it, with the texts behind its symbols. */
struct one_row {
	struct wn_rows rows;
	const double *columns[256];
	double values[256], numbers[WN_NUMBERS];
	uint32_t words[WN_WORDS], label_start[2], labels[32];
	uint8_t texts;
	struct str known[64];
	uint32_t known_count;
};

static uint32_t symbol_of(struct one_row *row, const char *text)
{
	for (uint32_t i = 0; i < row->known_count; i++) {
		if (str_is(row->known[i], text))
			return i + 1;
	}
	assert_true(row->known_count < 64);
	row->known[row->known_count++] = str_from(text);
	return row->known_count;
}

static uint32_t look_up(void *self, struct str word)
{
	const struct one_row *row = self;

	for (uint32_t i = 0; i < row->known_count; i++) {
		if (str_eq(row->known[i], word))
			return i + 1;
	}
	return WN_UNSEEN_SYMBOL;
}

static double seconds_of(const json_t *json)
{
	int64_t us;

	if (!json)
		return NAN;
	assert_true(time_parse_rfc3339(str_from(json_string_value(json)), &us));
	return (double)us / US_PER_S;
}

static void read_facts(struct one_row *row, const json_t *facts)
{
	static const char *const words[] = {
		"stream", "kind", "status", "team", "source", "assignee"};
	static const char *const times[] = {"created_at", "updated_at", "due_at"};
	static const char *const texts[] = {"title", "body", "url", "assignee", "reporter"};
	const json_t *labels = json_object_get(facts, "labels");
	const json_t *estimate = json_object_get(facts, "estimate");

	for (size_t w = 0; w < WN_WORDS; w++) {
		const json_t *word = json_object_get(facts, words[w]);

		if (word)
			row->words[w] = symbol_of(row, json_string_value(word));
		row->rows.words[w] = &row->words[w];
	}
	for (size_t n = 0; n < WN_NUMBERS; n++) {
		row->numbers[n] = n < 3 ? seconds_of(json_object_get(facts, times[n])) : NAN;
		row->rows.numbers[n] = &row->numbers[n];
	}
	if (estimate)
		row->numbers[WN_ESTIMATE] = json_number_value(estimate);
	for (size_t t = 0; t < 5; t++) {
		if (json_object_get(facts, texts[t]))
			row->texts |= (uint8_t)(1 << t);
	}
	row->label_start[1] = (uint32_t)json_array_size(labels);
	for (uint32_t i = 0; i < row->label_start[1]; i++)
		row->labels[i] = symbol_of(row, json_string_value(json_array_get(labels, i)));
	row->rows.texts = &row->texts;
	row->rows.label_start = row->label_start;
	row->rows.labels = row->labels;
}

static double feature_value(const struct feature_definition *feature, const json_t *json)
{
	switch (feature->type) {
	case FEATURE_NUMBER: return json_number_value(json);
	case FEATURE_BOOLEAN: return json_is_true(json);
	case FEATURE_DATE: return seconds_of(json);
	case FEATURE_TEXT: return 1;
	case FEATURE_CATEGORY: break;
	}
	for (size_t i = 0; i < feature->category_count; i++) {
		if (str_is(feature->categories[i], json_string_value(json)))
			return (double)i;
	}
	fail_msg("no such category");
	return NAN;
}

static void read_features(
	struct one_row *row, const json_t *features, const struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->feature_count; i++) {
		const struct feature_definition *feature = &catalog->features[i];
		const json_t *value =
			json_object_getn(features, feature->name.ptr, feature->name.len);

		row->values[i] = value ? feature_value(feature, value) : NAN;
		row->columns[i] = &row->values[i];
	}
	row->rows.columns = row->columns;
	row->rows.column_count = catalog->feature_count;
}

/* The policy as a client would post it: the line's rules, or the preset. */
static json_t *policy_of(const json_t *line)
{
	json_t *rules = json_deep_copy(json_object_get(line, "rules"));

	if (json_object_get(line, "policy")) {
		assert_string_equal(
			json_string_value(json_object_get(line, "policy")), "field_guards");
		return json_of(preset_field_guards);
	}
	for (size_t i = 0; i < json_array_size(rules); i++) {
		char id[32];

		snprintf(id, sizeof id, "rule-%zu", i);
		json_object_set_new(json_array_get(rules, i), "id", json_string(id));
		json_object_set_new(json_array_get(rules, i), "reason", json_string("vector"));
	}
	return json_pack("{s:s, s:o}", "name", "vectors", "rules", rules);
}

/* A catalogue with the policy as its version 1. */
static struct catalog *stored(const json_t *policy, struct scratch *scratch)
{
	struct catalog *defaults = default_catalog(), *catalog = NULL;
	struct document all[64];
	struct str body = STR_NONE;
	enum error err = policy_parse(policy, defaults, &scratch->arena, &scratch->diag, &body);

	show_faults(&scratch->diag);
	assert_int_equal(err, ERR_OK);
	memcpy(all, default_documents, default_document_count * sizeof *all);
	all[default_document_count] = (struct document){STR("policy"), STR("1"), body, 2};
	assert_int_equal(catalog_build(all, default_document_count + 1, &catalog), ERR_OK);
	catalog_unref(defaults);
	return catalog;
}

static const char *const effect_words[] = {
	[WN_EXCLUDE] = "exclude",
	[WN_FREEZE] = "freeze",
	[WN_HOLD] = "hold",
	[WN_PIN_TOP] = "pin_top",
	[WN_AT_LEAST_BAND] = "at_least_band",
	[WN_AT_MOST_BAND] = "at_most_band",
	[WN_NOT_ABOVE] = "not_above",
	[WN_LIMIT] = "limit",
	[WN_SHARE_MOST] = "share",
	[WN_SHARE_LEAST] = "share",
};

/* "exclude hold": the effects of the rules that hit, in their order. */
static void verdict(const struct wn_policy *policy, const struct wn_model *model,
	const struct wn_hits *hits, struct buf *out)
{
	for (size_t r = 0; r < policy->rule_count; r++) {
		const struct wn_rule *rule = &policy->rules[r];

		if (!wn_hit(hits, r, 0))
			continue;
		buf_printf(out, "%s%s", out->len > 0 ? " " : "", effect_words[rule->effect]);
		if (rule->effect == WN_AT_LEAST_BAND || rule->effect == WN_AT_MOST_BAND)
			buf_printf(out, ":%s", model->bands[rule->band].name);
	}
	buf_puts(out, "");
}

static void check_line(const json_t *line, size_t number)
{
	static const uint8_t candidate = 1;
	json_t *policy = policy_of(line);
	const char *expected = json_string_value(json_object_get(line, "expect"));
	double now_s = seconds_of(json_object_get(line, "now"));
	struct one_row *row = calloc(1, sizeof *row);
	struct wn_population population = {
		.rows = 1, .block_count = 1, .block_rows = 1, .candidate = &candidate};
	struct buf found = BUF_INIT;
	struct word_lookup words;
	struct scratch scratch;
	struct catalog *catalog;
	struct wn_policy bound;
	struct wn_hits hits;

	assert_non_null(row);
	assert_non_null(expected);
	scratch_begin(&scratch);
	catalog = stored(policy, &scratch);
	row->rows.rows = 1;
	read_facts(row, json_object_get(line, "facts"));
	read_features(row, json_object_get(line, "features"), catalog);
	population.blocks = &row->rows;
	words = (struct word_lookup){look_up, row};
	assert_true(policy_bind(catalog_policy(catalog, 1), catalog,
		&catalog_model(catalog, 1)->model, now_s, &words, &scratch.arena, &bound));
	assert_true(wn_policy_apply(&bound, &population, now_s, &hits));
	verdict(&bound, &catalog_model(catalog, 1)->model, &hits, &found);
	if (!str_is(buf_view(&found), expected))
		fail_msg("line %zu: \"%s\" where \"%s\" is expected", number, found.data, expected);
	wn_hits_release(&hits);
	buf_release(&found);
	catalog_unref(catalog);
	scratch_end(&scratch);
	json_decref(policy);
	free(row);
}

static void test_verdicts(void **state)
{
	FILE *file = fopen("tests/vectors/policy_verdicts.ndjson", "r");
	size_t count = 0, capacity = 0;
	char *text = NULL;
	ssize_t len;

	(void)state;
	if (!file)
		fail_msg("the vectors cannot be read; run the tests from the top of the tree");
	while ((len = getline(&text, &capacity, file)) > 0) {
		struct scratch scratch;
		json_t *line = NULL;

		scratch_begin(&scratch);
		count++;
		if (json_parse((struct str){text, (size_t)len}, count, "", &scratch.diag, &line))
			show_faults(&scratch.diag);
		assert_non_null(line);
		if (count == 1)
			assert_true(json_string_length(json_object_get(line, "source")) > 0);
		else
			check_line(line, count);
		json_decref(line);
		scratch_end(&scratch);
	}
	free(text);
	fclose(file);
	assert_true(count >= 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
	};

	json_init();
	return cmocka_run_group_tests_name("codec/policy_vectors", tests, NULL, NULL);
}
