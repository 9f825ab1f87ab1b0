/*
 * Every kind of model as JSON: a round trip through the stored body, the faults with their places,
 * and what is computed after binding.
 */
#include "codec/catalog_support.h"

#include <math.h>

#include "base/out_of_memory.h"
#include "base/random.h"
#include "winnow/decision_table.h"
#include "winnow/pairwise.h"
#include "winnow/pareto.h"

#define BANDS "'bands':[{'name':'high','at_least':10},{'name':'low'}]"
#define SUM(more) "{'name':'m','kind':'weighted_sum'," more "," BANDS "}"
#define EXPRESSION(text) "{'name':'m','kind':'expression'," text "," BANDS "}"
#define PARETO(more) "{'name':'m','kind':'pareto'," more "," BANDS "}"
#define TABLE(more) "{'name':'m','kind':'decision_table'," more "}"
#define BLEND(more) "{'name':'m','kind':'blend'," more "," BANDS "}"
#define TERMS "'terms':[{'feature':'user_impact','weight':3},{'feature':'demand','weight':2}]"

enum { MAX_DOCUMENTS = 128, MAX_ROW = 64 };

/* The default catalogue, grown by models and other documents. */
struct world {
	struct document documents[MAX_DOCUMENTS];
	size_t count;
	struct catalog *catalog;
	struct scratch scratch;
};

static void rebuild(struct world *world)
{
	catalog_unref(world->catalog);
	assert_int_equal(catalog_build(world->documents, world->count, &world->catalog), ERR_OK);
}

static void add_document(struct world *world, struct str kind, struct str name, struct str body)
{
	assert_true(world->count < MAX_DOCUMENTS);
	world->documents[world->count++] = (struct document){kind, name, body, 3};
	rebuild(world);
}

static struct world *world_new(void)
{
	struct world *world = calloc(1, sizeof *world);

	assert_non_null(world);
	scratch_begin(&world->scratch);
	memcpy(world->documents, default_documents,
		default_document_count * sizeof *world->documents);
	world->count = default_document_count;
	rebuild(world);
	return world;
}

static void world_free(struct world *world)
{
	catalog_unref(world->catalog);
	scratch_end(&world->scratch);
	free(world);
}

static enum error parse_json(struct world *world, const json_t *json, struct str *body)
{
	world->scratch.diag.count = 0;
	world->scratch.diag.omitted = 0;
	*body = STR_NONE;
	return model_parse(json, world->catalog, &world->scratch.arena, &world->scratch.diag, body);
}

static enum error parse(struct world *world, const char *text, struct str *body)
{
	json_t *json = json_of(text);
	enum error err = parse_json(world, json, body);

	json_decref(json);
	return err;
}

/* Stores a sound model as the next version. */
static const struct model_version *store_json(struct world *world, const json_t *json)
{
	int64_t version = (int64_t)world->catalog->model_count + 1;
	struct str body;
	enum error err = parse_json(world, json, &body);

	if (err)
		show_faults(&world->scratch.diag);
	assert_int_equal(err, ERR_OK);
	add_document(world, STR("model"),
		str_from(arena_printf(&world->scratch.arena, "%lld", (long long)version)), body);
	return catalog_model(world->catalog, version);
}

static const struct model_version *store(struct world *world, const char *text)
{
	json_t *json = json_of(text);
	const struct model_version *model = store_json(world, json);

	json_decref(json);
	return model;
}

static json_t *shown(const struct model_version *model)
{
	struct buf out = BUF_INIT;
	json_t *json;

	model_write(&out, model);
	assert_false(out.failed);
	json = json_of(out.data);
	buf_release(&out);
	return json;
}

/* What was stored, parsed again without its pins, must be the very bytes. A table's rules are as they
 * are shown: the stored text is not for clients. */
static void assert_round_trip(struct world *world, const struct model_version *model)
{
	json_t *json = NULL;
	struct str body;

	assert_int_equal(json_parse(model->body, 1, "", &world->scratch.diag, &json), ERR_OK);
	assert_non_null(json_object_get(json, "pins"));
	json_object_del(json, "pins");
	if (json_is_string(json_object_get(json, "rules"))) {
		json_t *reader = shown(model);

		json_object_set(json, "rules", json_object_get(reader, "rules"));
		json_decref(reader);
	}
	assert_int_equal(parse_json(world, json, &body), ERR_OK);
	json_decref(json);
	if (!str_eq(body, model->body))
		print_message("%.*s\n%.*s\n", STR_ARG(model->body), STR_ARG(body));
	assert_true(str_eq(body, model->body));
}

static const char *member(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

/* Symbols for one row: its word is 7. */
static uint32_t symbol_of(void *self, struct str word)
{
	return str_is(word, self) ? 7 : (uint32_t)WN_UNSEEN_SYMBOL;
}

/* A single row: features by column, NaN unless set. */
struct row {
	double values[MAX_ROW];
	const double *columns[MAX_ROW];
	uint32_t team, stream;
	double created;
	struct wn_rows rows;
};

static void row_init(struct row *row)
{
	*row = (struct row){.created = 0};
	for (size_t i = 0; i < MAX_ROW; i++) {
		row->values[i] = NAN;
		row->columns[i] = &row->values[i];
	}
	row->rows = (struct wn_rows){.rows = 1, .columns = row->columns, .column_count = MAX_ROW};
	row->rows.words[WN_TEAM] = &row->team;
	row->rows.words[WN_STREAM] = &row->stream;
	row->rows.numbers[WN_CREATED] = &row->created;
}

static void row_set(struct row *row, const struct world *world, const char *feature, double value)
{
	row->values[catalog_feature(world->catalog, str_from(feature))->id] = value;
}

static void row_score(struct world *world, const struct model_version *model, const struct row *row,
	const char *word, double *score, double *lowest, double *highest)
{
	struct word_lookup words = {symbol_of, (void *)word};
	struct wn_model bound;

	assert_true(model_bind(model, &words, &world->scratch.arena, &bound));
	wn_model_score_rows(&bound, &row->rows, 86400, (struct wn_scores){score, lowest, highest});
}

/* ---- definitions that grow ---- */

/* A fifth value of severity, which has four. */
static void append_severity(struct world *world)
{
	static const char before[] = "\"sev1\"]", after[] = "\"sev1\",\"sev0\"]";
	const struct document *old = NULL;
	struct buf text = BUF_INIT;
	const char *at;
	struct str body;

	for (size_t i = 0; i < world->count; i++) {
		if (str_is(world->documents[i].name, "severity"))
			old = &world->documents[i];
	}
	assert_non_null(old);
	at = strstr(old->body.ptr, before);
	assert_non_null(at);
	buf_append(&text, old->body.ptr, (size_t)(at - old->body.ptr));
	buf_puts(&text, after);
	buf_puts(&text, at + strlen(before));
	body = (struct str){arena_strdup(&world->scratch.arena, buf_view(&text)), text.len};
	buf_release(&text);
	add_document(world, STR("feature"), STR("severity"), body);
	assert_int_equal(catalog_feature(world->catalog, STR("severity"))->category_count, 5);
}

/* A model knows the values that there were when it was made: a later one is unknown to it, not its last.
 * A number beyond its bounds is cut to them. */
static void test_later_category_is_unknown(void **state)
{
	static const struct {
		const char *text;
		double lowest, last, highest; /* of what is unknown, of sev1 */
	} models[] = {
		{EXPRESSION("'expression':'if(severity == \\'sev1\\', 100, 1)'"), 1, 100, 100},
		{SUM("'terms':[{'feature':'severity','weight':2}]"), 0, 2, 2},
		{TABLE("'inputs':[{'feature':'severity'}],'outcomes':['act','look','wait'],'rules':"
		       "["
		       "{'when':{'severity':['sev1']},'then':'act'},"
		       "{'when':{'severity':['sev2','sev3']},'then':'look'},"
		       "{'when':{'severity':['sev4']},'then':'wait'}]"),
			1, 3, 3},
	};
	struct world *world = world_new();
	double score, low, high;
	struct row row;

	(void)state;
	for (size_t i = 0; i < sizeof models / sizeof *models; i++)
		store(world, models[i].text);
	append_severity(world);
	row_init(&row);
	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		const struct model_version *model = catalog_model(world->catalog, (int64_t)i + 2);

		assert_true(model->model.terms[0].category);
		row_set(&row, world, "severity", 3);
		row_score(world, model, &row, "", &score, &low, &high);
		assert_true(score == models[i].last && low == score && high == score);
		row_set(&row, world, "severity", 4);
		row_score(world, model, &row, "", &score, &low, &high);
		assert_true(score == models[i].lowest && low == score);
		assert_true(high == models[i].highest);
	}
	assert_false(catalog_model(world->catalog, 1)->model.terms[0].category);
	world_free(world);
}

/* ---- weighted sums that are limited or extended ---- */

static void test_weighted_sum_teams(void **state)
{
	struct world *world = world_new();
	const struct model_version *model = store(world,
		SUM(TERMS ",'max_influence':0.8,'teams':[{'team':'search','share':0.1,'terms':["
			  "{'feature':'effort','weight':1}]}]"));
	double score, low, high;
	json_t *json;
	struct row row;

	(void)state;
	assert_round_trip(world, model);
	assert_int_equal(model->model.term_count, 3);
	assert_true(str_is(model->words[0], "search"));
	json = shown(model);
	assert_int_equal(json_array_size(json_object_get(json, "terms")), 2);
	assert_int_equal(json_array_size(json_object_get(json, "teams")), 1);
	assert_string_equal(member(json, "formula"),
		"3*(user_impact - 1)/2 + 2*demand/1000; no signal for more than 0.8 of the "
		"greatest score; team search: + (120 - effort)/120, for no more than 0.1 of it");
	json_decref(json);

	row_init(&row);
	row_set(&row, world, "user_impact", 2);
	row_set(&row, world, "demand", 500);
	row_set(&row, world, "effort", 0);
	row.team = 7;
	row_score(world, model, &row, "search", &score, &low, &high);
	assert_true(score == 3); /* 1.5 + 1, and 1 cut to a tenth of 5 */
	row_score(world, model, &row, "ads", &score, &low, &high);
	assert_true(score == 2.5);
	world_free(world);
}

/* ---- facts as terms ---- */

#define LEFT(more) "{'fact':'sla_left_hours','weight':2,'lower':-20,'upper':80" more "}"

static void test_fact_as_term(void **state)
{
	struct world *world = world_new();
	const struct model_version *model =
		store(world, SUM("'terms':[{'feature':'user_impact','weight':3}," LEFT(
				     "") "],'teams':[{"
					 "'team':'search','share':0.5,'terms':[" LEFT(
						 ",'unknown':'exclude'") "]}]"));
	double score, low, high, left = 30;
	json_t *json, *term;
	struct row row;

	(void)state;
	assert_round_trip(world, model);
	assert_false(model_reads(model, WN_SLA_LEFT));
	assert_true(wn_model_traits(&model->model) & WN_TRAIT_TIMED);
	json = shown(model);
	term = json_array_get(json_object_get(json, "terms"), 1);
	assert_string_equal(member(term, "fact"), "sla_left_hours");
	assert_string_equal(member(term, "direction"), "lower_is_better");
	assert_string_equal(member(term, "unknown"), "default");
	assert_true(json_number_value(json_object_get(term, "default")) == 80);
	assert_null(json_object_get(term, "feature"));
	assert_null(json_object_get(term, "feature_revision"));
	assert_string_equal(member(json, "formula"),
		"3*(user_impact - 1)/2 + 2*(80 - sla_left_hours)/100; team search: + "
		"2*(80 - sla_left_hours)/100, for no more than 0.5 of it");
	assert_true(json_is_true(json_object_get(json, "timed")));
	json_decref(json);

	row_init(&row);
	row_set(&row, world, "user_impact", 1);
	row_score(world, model, &row, "search", &score, &low, &high);
	assert_true(
		score == 0 && high == 0); /* without a clock as with the most time, and no span */
	row.rows.numbers[WN_SLA_LEFT] = &left;
	row_score(world, model, &row, "search", &score, &low, &high);
	assert_true(score == 1);
	row.team = 7;
	row_score(world, model, &row, "search", &score, &low, &high);
	assert_true(score == 2);
	left = -50;
	row_score(world, model, &row, "search", &score, &low, &high);
	assert_true(score == 4);
	left = NAN;
	row_score(world, model, &row, "search", &score, &low, &high);
	assert_true(isnan(score));

	model = store(
		world, SUM("'terms':[" LEFT(",'direction':'higher_is_better','unknown':'default',"
					    "'default':30,'scale':'value'") "]"));
	assert_round_trip(world, model);
	row_score(world, model, &row, "search", &score, &low, &high);
	assert_true(score == 60);
	model = store(
		world, PARETO("'objectives':[{'feature':'user_impact'},{'fact':'sla_left_hours',"
			      "'lower':-20,'upper':80}]"));
	assert_round_trip(world, model);
	assert_true(model->model.terms[1].lower_is_better && model->model.terms[1].fallback == 80);
	world_free(world);
}

/* ---- expressions ---- */

#define MIXED                                                                                      \
	"'expression':'if(stream == \\'incident\\' or severity == \\'sev1\\',\\n  2, 1) "          \
	"* user_impact\\n  + min(age_days, 3)'"

static void test_expression(void **state)
{
	struct world *world = world_new();
	const struct model_version *model = store(world,
		EXPRESSION(MIXED
			",'inputs':[{'feature':'user_impact','unknown':'default','default':2}]"));
	double score, low, high;
	json_t *json;
	struct row row;

	(void)state;
	assert_round_trip(world, model);
	/* The listed input comes first, then what only the text names. */
	assert_int_equal(model->model.term_count, 2);
	assert_true(str_is(model->term_features[0]->name, "user_impact"));
	assert_true(str_is(model->term_features[1]->name, "severity"));
	json = shown(model);
	assert_string_equal(member(json, "formula"),
		"if(stream == \"incident\" or severity == \"sev1\", 2, 1) * user_impact + "
		"min(age_days, 3)");
	assert_true(json_is_true(json_object_get(json, "timed")));
	assert_false(json_is_true(json_object_get(json, "relative")));
	assert_int_equal(json_array_size(json_object_get(json, "inputs")), 2);
	json_decref(json);

	row_init(&row); /* created at 0, scored a day later: age 1 */
	row_set(&row, world, "user_impact", 3);
	row_set(&row, world, "severity", 0);
	row.stream = 7;
	row_score(world, model, &row, "incident", &score, &low, &high);
	assert_true(score == 7 && low == 7 && high == 7);
	row_score(world, model, &row, "other", &score, &low, &high);
	assert_true(score == 4);
	row_set(&row, world, "severity", 3);
	row_score(world, model, &row, "other", &score, &low, &high);
	assert_true(score == 7);
	row_set(&row, world, "user_impact", NAN);
	row_score(world, model, &row, "other", &score, &low, &high);
	assert_true(score == 5);
	world_free(world);
}

/* ---- decision tables ---- */

#define IMPACT "'inputs':[{'feature':'exploitation'},{'feature':'handles_personal_data'}]"

static void test_table(void **state)
{
	struct world *world = world_new();
	const struct model_version *model = store(world,
		TABLE(IMPACT ",'outcomes':['act','wait'],'rules':["
			     "{'when':{'exploitation':'active'},'then':'act'},"
			     "{'when':{'exploitation':['public poc','none'],"
			     "'handles_personal_data':false},'then':'wait'},"
			     "{'when':{'exploitation':'public poc','handles_personal_data':[true]},"
			     "'then':'act'},"
			     "{'when':{'exploitation':['none'],'handles_personal_data':true},"
			     "'then':'wait'}]"));
	double score, low, high;
	json_t *json;
	struct row row;

	(void)state;
	assert_round_trip(world, model);
	/* Any, a list, and single values; each followed by its outcome. */
	assert_non_null(strstr(model->body.ptr, "\"rules\":\"2*0(01)01110011\""));
	/* Each outcome is a band of its own name. */
	assert_int_equal(model->model.band_count, 2);
	assert_string_equal(model->model.bands[0].name, "act");
	assert_true(model->model.bands[0].at_least == 2);
	json = shown(model);
	assert_string_equal(member(json, "formula"), "2 inputs → 2 outcomes, 4 rules");
	assert_true(json_is_true(json_object_get(json, "exact")));
	assert_int_equal(json_array_size(json_object_get(json, "rules")), 4);
	json_decref(json);

	row_init(&row);
	row_set(&row, world, "exploitation", 1);
	row_set(&row, world, "handles_personal_data", 1);
	row_score(world, model, &row, "", &score, &low, &high);
	assert_true(score == 2 && low == 2 && high == 2);
	row_set(&row, world, "handles_personal_data", NAN);
	row_score(world, model, &row, "", &score, &low, &high);
	assert_true(score == 1 && low == 1 && high == 2);
	world_free(world);
}

/* 3 times 2 combinations, one rule: five holes, and one of them twice. */
static void test_table_holes(void **state)
{
	struct world *world = world_new();
	struct str body;

	(void)state;
	assert_int_equal(parse(world,
				 TABLE(IMPACT ",'outcomes':['act','wait'],'rules':["
					      "{'when':{'exploitation':'active'},'then':'act'},"
					      "{'when':{'handles_personal_data':true},"
					      "'then':'wait'}]"),
				 &body),
		ERR_INVALID);
	assert_int_equal(world->scratch.diag.count, 3);
	assert_fault(&world->scratch.diag, "#/rules",
		"No rule covers exploitation \"none\", handles_personal_data false.");
	assert_fault(&world->scratch.diag, "#/rules",
		"No rule covers exploitation \"public poc\", handles_personal_data false.");
	assert_fault(&world->scratch.diag, "#/rules/1",
		"/rules/0 covers this too: exploitation \"active\", handles_personal_data true.");

	/* What the list of faults cannot hold is counted: 256 * 2 - 1 holes. */
	world->scratch.diag.count = 0;
	assert_int_equal(parse(world,
				 TABLE("'inputs':[{'feature':'exploitation'},"
				       "{'feature':'system_exposure'},{'feature':'automatable'},"
				       "{'feature':'human_impact'}],'outcomes':['act'],'rules':["
				       "{'when':{'exploitation':'active',"
				       "'system_exposure':'open','automatable':'yes',"
				       "'human_impact':'low'},'then':'act'}]"),
				 &body),
		ERR_INVALID);
	assert_int_equal(world->scratch.diag.count, DIAG_MAX);
	assert_int_equal(world->scratch.diag.omitted, 72 - 1 - DIAG_MAX);
	world_free(world);
}

/* A table in CSV: quotes, other words for the columns, and booleans. */
static void test_table_csv(void **state)
{
	static const char text[] =
		"row,State v2.0,\"Says \"\"private\"\"\",Then\r\n"
		"1,None,no,wait\r\n2,none,yes,wait\r\n3,Public PoC,no,wait\r\n"
		"4,public poc,yes,\"act, now\"\r\n\r\n5,active,no,\"act, now\"\r\n"
		"6,active,yes,\"Act, now\"";
	struct world *world = world_new();
	const struct model_version *model;
	json_t *json = json_of(TABLE("'outcomes':['act, now','wait'],'columns':{'State v2.0':"
				     "'exploitation','Says \\'private\\'':"
				     "'handles_personal_data'}"));

	(void)state;
	json_object_set_new(json, "csv", json_string(text));
	model = store_json(world, json);
	json_decref(json);
	assert_round_trip(world, model);
	assert_int_equal(model->model.term_count, 2);
	assert_int_equal(model->model.spec.table->rule_count, 6);
	assert_null(strstr(model->body.ptr, "csv"));
	world_free(world);
}

static void test_table_csv_faults(void **state)
{
	static const struct {
		const char *csv, *part;
	} faults[] = {
		{"exploitation\n", "1 to 12 input columns"},
		{"glamour,then\nhigh,act\n", "stands for the feature \"glamour\""},
		{"effort,then\n1,act\n", "neither a category"},
		{"exploitation,exploitation,then\n", "More than one column"},
		{"exploitation,then\nnone,act,now\n", "Line 2: the row has 3 columns"},
		{"exploitation,then\nmaybe,act\n", "Line 2: \"maybe\" is no value"},
		{"exploitation,then\nnone,run\n", "Line 2: \"run\" is none of the outcomes"},
		{"exploitation,then\nnone,\"act", "Line 2: a quoted field does not end"},
		{"exploitation,then\nnone,a\"ct\n", "a quote stands in a field"},
		{"exploitation,then\nnone,act\nnone,act\n",
			"Lines 2 and 3 both cover exploitation \"none\""},
		{"exploitation,then\nnone,act\n", "No rule covers exploitation \"active\""},
	};
	struct world *world = world_new();

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		json_t *json = json_of(TABLE("'outcomes':['act','wait']"));
		struct str body;

		json_object_set_new(json, "csv", json_string(faults[i].csv));
		assert_int_equal(parse_json(world, json, &body), ERR_INVALID);
		assert_fault(&world->scratch.diag, "#/csv", faults[i].part);
		json_decref(json);
	}
	world_free(world);
}

/* ---- large tables ---- */

enum { WIDE = 16 };

/* Four categories in0 … in3 of sixteen values. */
static void add_wide_features(struct world *world)
{
	size_t id = world->catalog->feature_count;

	for (size_t i = 0; i < 4; i++) {
		struct buf text = BUF_INIT;
		struct str body, name;
		json_t *json;

		buf_puts(&text, "{'type':'category','description':'One of sixteen.',"
				"'family':'risk_compliance','categories':[");
		for (size_t v = 0; v < WIDE; v++)
			buf_printf(&text, "%s'value %zu'", v > 0 ? "," : "", v);
		buf_puts(&text, "]}");
		json = json_of(text.data);
		name = str_from(arena_printf(&world->scratch.arena, "in%zu", i));
		assert_int_equal(feature_definition_parse(json, name, (uint16_t)(id + i), NULL,
					 &world->scratch.arena, &world->scratch.diag, &body),
			ERR_OK);
		json_decref(json);
		buf_release(&text);
		add_document(world, STR("feature"), name, body);
	}
}

/* `rows` combinations of four inputs by sixteen, from the first on; the outcomes take turns. */
static json_t *wide_csv(size_t rows, const char *end)
{
	json_t *json = json_of(TABLE("'outcomes':['act','wait']"));
	struct buf text = BUF_INIT;

	buf_puts(&text, "in0,in1,in2,in3,then");
	for (size_t r = 0; r < rows; r++) {
		buf_putc(&text, '\n');
		for (size_t i = 0; i < 4; i++)
			buf_printf(&text, "\"value %zu\",", r >> (12 - 4 * i) & (WIDE - 1));
		buf_puts(&text, r % 3 == 0 ? "act" : "wait");
	}
	buf_puts(&text, end);
	json_object_set_new(json, "csv", json_stringn(text.data, text.len));
	buf_release(&text);
	return json;
}

/* Each row of a CSV counts, the header and blank lines do not. */
static void test_table_csv_rows(void **state)
{
	static const size_t most = WN_CELL_HOLE - 1;
	struct world *world = world_new();
	struct scratch scratch;
	struct str body;
	json_t *json;

	(void)state;
	add_wide_features(world);
	/* The two combinations that cannot have a row of their own are holes. */
	for (size_t i = 0; i < 2; i++) {
		json = wide_csv(most, i == 0 ? "" : "\n\n");
		scratch_begin(&scratch);
		assert_int_equal(
			model_parse(json, world->catalog, &scratch.arena, &scratch.diag, &body),
			ERR_INVALID);
		assert_int_equal(scratch.diag.count, 2);
		assert_fault(&scratch.diag, "#/csv", "No rule covers in0");
		scratch_end(&scratch);
		json_decref(json);
	}
	json = wide_csv(most + 1, "");
	scratch_begin(&scratch);
	assert_int_equal(model_parse(json, world->catalog, &scratch.arena, &scratch.diag, &body),
		ERR_INVALID);
	assert_int_equal(scratch.diag.count, 1);
	assert_fault(&scratch.diag, "#/csv", "Line 65536: a table has at most 65534 rows.");
	scratch_end(&scratch);
	json_decref(json);
	world_free(world);
}

/* Three inputs of sixteen, a row for each combination: what is stored has five bytes a row. */
static void test_large_table_is_short(void **state)
{
	struct world *world = world_new();
	const struct model_version *model;
	struct buf text = BUF_INIT;
	json_t *json = json_of(TABLE("'outcomes':['act','wait']"));

	(void)state;
	add_wide_features(world);
	buf_puts(&text, "in0,in1,in2,then\n");
	for (size_t r = 0; r < WIDE * WIDE * WIDE; r++) {
		for (size_t i = 0; i < 3; i++)
			buf_printf(&text, "\"value %zu\",", r >> (8 - 4 * i) & (WIDE - 1));
		buf_puts(&text, r % 3 == 0 ? "act\n" : "wait\n");
	}
	json_object_set_new(json, "csv", json_stringn(text.data, text.len));
	buf_release(&text);
	model = store_json(world, json);
	json_decref(json);
	assert_int_equal(model->model.spec.table->rule_count, WIDE * WIDE * WIDE);
	assert_true(model->body.len < 4 * WIDE * WIDE * WIDE + 1024);
	assert_round_trip(world, model);
	world_free(world);
}

/* A text of a few bytes lays a large table out; all versions together may lay out so much. */
static void test_room_for_tables(void **state)
{
	static const char form[] = TABLE("'inputs':[{'feature':'in0'},{'feature':'in1'},"
					 "{'feature':'in2'},{'feature':'in3'}],"
					 "'outcomes':['a%zu'],'rules':[{'when':{},'then':'a%zu'}]");
	static const size_t each = 17 * 17 * 17 * 17;
	struct world *world = world_new();
	char text[sizeof form + 32];
	struct str body;
	size_t n = 0;

	(void)state;
	add_wide_features(world);
	for (; (n + 1) * each <= TABLES_MAX_COMBINATIONS; n++) {
		struct str name = str_from(arena_printf(&world->scratch.arena, "%zu", n + 2));

		snprintf(text, sizeof text, form, n, n);
		assert_int_equal(parse(world, text, &body), ERR_OK);
		assert_true(world->count < MAX_DOCUMENTS);
		world->documents[world->count++] = (struct document){STR("model"), name, body, 3};
	}
	rebuild(world);
	assert_int_equal(world->catalog->table_combinations, n * each);
	/* What is there already takes no more. */
	assert_int_equal(parse(world, text, &body), ERR_OK);
	snprintf(text, sizeof text, form, n, n);
	assert_int_equal(parse(world, text, &body), ERR_INVALID);
	assert_fault(&world->scratch.diag, "#/inputs", "this one would add 83521");
	/* Smaller ones still fit. */
	assert_int_equal(
		parse(world,
			TABLE("'outcomes':['act'],'inputs':[{'feature':'exploitation'}],'rules':["
			      "{'when':{},'then':'act'}]"),
			&body),
		ERR_OK);
	world_free(world);
}

/* The text of a stored table, damaged: it is refused, or is a table again. A client cannot send one. */
static void test_stored_rules_damaged(void **state)
{
	static const char before[] =
		"{\"bands\":[{\"at_least\":2,\"name\":\"act\"},{\"name\":\"wait\"}],\"inputs\":["
		"{\"feature\":\"exploitation\",\"unknown\":\"span\"},{\"feature\":"
		"\"handles_personal_data\",\"unknown\":\"span\"}],\"kind\":\"decision_table\","
		"\"name\":\"m\",\"outcomes\":[{\"name\":\"act\",\"score\":2},{\"name\":\"wait\","
		"\"score\":1}],\"pins\":{\"exploitation\":1,\"handles_personal_data\":1},"
		"\"rules\":\"";
	static const char rules[] = "2*0(01)01110011";
	static const char *const wrong[] = {"", "2", "2*", "2*0(01)0111001", "2*0(01)011100110",
		"3*0(01)01110011", "2*2(01)01110011", "2*0(0101110011", "2*0()01110011",
		"2*0(01)0111001!", "(2)*0(01)01110011("};
	struct world *world = world_new();
	size_t sound = 0;

	(void)state;
	random_begin("stored_rules");
	for (size_t i = 0; i < 2000 + sizeof wrong / sizeof *wrong; i++) {
		bool random = i >= sizeof wrong / sizeof *wrong;
		char text[sizeof rules] = "", body[sizeof before + sizeof rules + 8];
		struct catalog *catalog = NULL;
		enum error err;

		snprintf(text, sizeof text, "%s", random ? rules : "");
		for (size_t n = random ? random_below(3) : 0; n > 0; n--)
			text[random_below(sizeof rules - 1)] = "012*()aZ_"[random_below(9)];
		snprintf(body, sizeof body, "%s%s\"}", before, random ? text : wrong[i]);
		world->documents[world->count] =
			(struct document){STR("model"), STR("2"), str_from(body), 3};
		err = catalog_build(world->documents, world->count + 1, &catalog);
		if (!random || err)
			assert_int_equal(err, ERR_INTERNAL);
		sound += err == ERR_OK;
		catalog_unref(catalog);
	}
	assert_true(sound > 100);
	world_free(world);
}

static void test_text_is_no_rules_of_a_client(void **state)
{
	struct world *world = world_new();
	struct str body;

	(void)state;
	assert_int_equal(parse(world, TABLE(IMPACT ",'outcomes':['act'],'rules':'**0'"), &body),
		ERR_INVALID);
	assert_fault(&world->scratch.diag, "#/rules", "a list of 1 to 65534 rules");
	world_free(world);
}

/* ---- SSVC, as CERT/CC publishes it ---- */

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, 1 << 20);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

/* Each line of the file, by a reader of the test's own: no field but the header's last is quoted. */
static size_t check_rows(struct world *world, const struct model_version *model,
	const char *const *features, char *text)
{
	char *line = strchr(text, '\n') + 1, *rest;
	size_t rows = 0;

	for (line = strtok_r(line, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
		char *field = strchr(line, ',') + 1;
		double score, low, high;
		struct row row;

		row_init(&row);
		for (size_t f = 0; f < 4; f++) {
			const struct feature_definition *feature =
				catalog_feature(world->catalog, str_from(features[f]));
			size_t len = strcspn(field, ","), value = 0;

			while (!str_eq(feature->categories[value], (struct str){field, len}))
				assert_true(++value < feature->category_count);
			row_set(&row, world, features[f], (double)value);
			field += len + 1;
		}
		row_score(world, model, &row, "", &score, &low, &high);
		assert_true(low == score && high == score);
		assert_string_equal(
			model->model.bands[wn_model_band(&model->model, score)].name, field);
		rows++;
	}
	return rows;
}

static void test_ssvc(void **state)
{
	static const struct {
		const char *file;
		const char *features[4];
		size_t rows;
	} tables[] = {
		{"deployer_patch_application_priority_1_0_0.csv",
			{"exploitation", "system_exposure", "automatable", "human_impact"}, 72},
		{"supplier_patch_development_priority_1_0_0.csv",
			{"exploitation", "utility", "technical_impact", "public_safety_impact"},
			36},
	};
	const char *folder = shared_data();
	struct world *world;

	(void)state;
	if (!folder)
		skip();
	world = world_new();
	for (size_t i = 0; i < 2; i++) {
		json_t *json = json_of(
			TABLE("'outcomes':['immediate','out-of-cycle','scheduled','defer']"));
		const struct model_version *model;
		char path[512], *text;

		snprintf(path, sizeof path, "%s/ssvc/%s", folder, tables[i].file);
		text = read_text(path);
		json_object_set_new(json, "csv", json_string(text));
		model = store_json(world, json);
		json_decref(json);
		assert_round_trip(world, model);
		assert_int_equal(
			check_rows(world, model, tables[i].features, text), tables[i].rows);
		free(text);
	}
	world_free(world);
}

/* ---- pareto ---- */

#define OBJECTIVES                                                                                 \
	"'objectives':[{'feature':'user_impact','weight':2},"                                      \
	"{'feature':'effort','unknown':'exclude'},{'feature':'demand','goal':'minimise'}]"

static void test_pareto(void **state)
{
	struct world *world = world_new();
	const struct model_version *model = store(world,
		PARETO(OBJECTIVES ",'place':'chebyshev','reference':{'effort':30,'demand':250}"));
	const double *reference = model->model.spec.pareto->reference;
	json_t *json;

	(void)state;
	assert_round_trip(world, model);
	assert_true(reference[0] == 1 && reference[1] == 0.75 && reference[2] == 0.75);
	assert_false(model->model.terms[0].lower_is_better);
	assert_true(model->model.terms[1].lower_is_better);
	assert_true(model->model.terms[2].lower_is_better);
	assert_non_null(strstr(
		model->body.ptr, "\"reference\":{\"demand\":250,\"effort\":30,\"user_impact\":3}"));
	json = shown(model);
	assert_string_equal(member(json, "formula"),
		"fronts of most user_impact, least effort, least demand; within a front by "
		"distance to the reference point");
	assert_true(json_is_true(json_object_get(json, "relative")));
	assert_int_equal(json_array_size(json_object_get(json, "objectives")), 3);
	json_decref(json);
	assert_round_trip(world, store(world, PARETO(OBJECTIVES)));
	assert_round_trip(world, store(world, PARETO(OBJECTIVES ",'place':'topsis'")));
	world_free(world);
}

/* ---- pairwise ---- */

static void test_pairwise(void **state)
{
	struct world *world = world_new();
	const struct model_version *model =
		store(world, "{'name':'m','kind':'pairwise','unknown':'average'," BANDS "}");

	(void)state;
	assert_round_trip(world, model);
	assert_true(model->model.spec.pairwise->average_when_unknown);
	model = store(world, "{'name':'m','kind':'pairwise'," BANDS "}");
	assert_round_trip(world, model);
	assert_false(model->model.spec.pairwise->average_when_unknown);
	world_free(world);
}

/* ---- blends ---- */

static void test_blend(void **state)
{
	struct world *world = world_new();
	const struct model_version *model;
	double score, low, high;
	json_t *json;
	struct row row;

	(void)state;
	store(world, SUM("'terms':[{'feature':'demand','weight':2}],'teams':[{'team':'search',"
			 "'share':0.5,'terms':[{'feature':'blocked_teams','weight':1}]}]"));
	model = store(world, BLEND("'rule':'lexicographic','components':[{'model':1,'step':4},"
				   "{'model':2}]"));
	assert_round_trip(world, model);
	json = shown(model);
	assert_string_equal(member(json, "formula"), "model 1 in steps of 4, then model 2");
	json_decref(json);
	model = store(world, BLEND("'components':[{'model':2,'weight':3},{'model':1,'weight':1}]"));
	assert_round_trip(world, model);
	json = shown(model);
	assert_string_equal(member(json, "formula"), "3*model 2 + model 1");
	json_decref(json);

	/* Words of components are bound too: the team's term adds 1 of -1 … 3 to 1. */
	row_init(&row);
	row_set(&row, world, "user_impact", 3);
	row_set(&row, world, "fix_confidence", 3);
	row_set(&row, world, "reversibility", 3);
	row_set(&row, world, "cost_of_delay", 3);
	row_set(&row, world, "demand", 500);
	row_set(&row, world, "blocked_teams", 50);
	row.team = 7;
	row_score(world, model, &row, "search", &score, &low, &high);
	row.team = 8;
	{
		double other;

		row_score(world, model, &row, "search", &other, &low, &high);
		assert_true(score > other);
	}
	world_free(world);
}

/* Versions are read in their order, although "10" stands before "2" among texts. */
static void test_blend_of_many(void **state)
{
	struct world *world = world_new();

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		store(world, SUM(TERMS));
	store(world, BLEND("'components':[{'model':9,'weight':3},{'model':2,'weight':1}]"));
	assert_int_equal(world->catalog->model_count, 10);
	assert_true(catalog_model(world->catalog, 10)->components[0] ==
		    catalog_model(world->catalog, 9));
	world_free(world);
}

/* ---- faults ---- */

static const struct {
	const char *json, *pointer, *part;
} faults[] = {
	{SUM(TERMS ",'max_influence':0"), "#/max_influence", "greater than 0"},
	{SUM(TERMS ",'max_influence':1.5"), "#/max_influence", "1"},
	{SUM(TERMS ",'teams':{}"), "#/teams", "list"},
	{SUM(TERMS ",'teams':[{'team':'a','terms':[{'feature':'effort','weight':1}]}]"),
		"#/teams/0/share", "required"},
	{SUM(TERMS ",'teams':[{'team':'a','share':0.1,'terms':[]}]"), "#/teams/0/terms", "1 to"},
	{SUM(TERMS ",'teams':[{'team':'a','share':0.1,'terms':[{'feature':'glamour',"
		   "'weight':1}]}]"),
		"#/teams/0/terms/0/feature", "no feature"},
	{SUM(TERMS ",'teams':[{'team':'a','share':0.1,'terms':[{'feature':'effort','weight':0}]"
		   "}]"),
		"#/teams/0/terms", "greater than 0"},
	{SUM(TERMS ",'teams':[{'team':'a','share':0.1,'terms':[{'feature':'effort','weight':1},"
		   "{'feature':'effort','weight':1}]}]"),
		"#/teams/0/terms/1/feature", "same feature"},
	{SUM(TERMS ",'teams':[{'team':'a','share':0.1,'terms':[{'feature':'effort','weight':1}]"
		   "},{'team':'a','share':0.1,'terms':[{'feature':'ease','weight':1}]}]"),
		"#/teams/1/team", "already"},
	{SUM(TERMS ",'expression':'1'"), "#/expression", "no such"},
	{SUM("'terms':[{'fact':'age_days','weight':1,'lower':0,'upper':1}]"), "#/terms/0/fact",
		"sla_left_hours"},
	{SUM("'terms':[{'fact':'sla_left_hours','weight':1,'upper':1}]"), "#/terms/0/lower",
		"required"},
	{SUM("'terms':[{'fact':'sla_left_hours','weight':1,'lower':3,'upper':3}]"),
		"#/terms/0/upper", "greater"},
	{SUM("'terms':[" LEFT(",'unknown':'span'") "]"), "#/terms/0/unknown", "exclude"},
	{SUM("'terms':[" LEFT(",'unknown':'default','default':90") "]"), "#/terms/0/default",
		"bounds"},
	{SUM("'terms':[" LEFT(",'feature':'effort'") "]"), "#/terms/0/feature", "no such"},
	{SUM("'terms':[" LEFT("") "," LEFT("") "]"), "#/terms/1/fact", "same feature"},
	{SUM("'terms':[{'feature':'effort','weight':1,'lower':0}]"), "#/terms/0/lower", "no such"},

	{EXPRESSION("'expression':'1 +\\n * 2'"), "#/expression", "Line 2, column 2"},
	{EXPRESSION("'expression':'user_impact * glamour'"), "#/expression", "column 15"},
	{EXPRESSION("'expression':'owners'"), "#/expression", "it is text"},
	{EXPRESSION("'expression':'1 + regulatory_due'"), "#/expression",
		"Line 1, column 5: the feature \"regulatory_due\" cannot be in a model: it is a "
		"date"},
	{EXPRESSION("'expression':'demand','inputs':[{'feature':'effort'}]"), "#/inputs/0/feature",
		"does not use"},
	{EXPRESSION("'expression':'effort','inputs':[{'feature':'effort','weight':1}]"),
		"#/inputs/0/weight", "no such"},
	{EXPRESSION("'expression':'effort','inputs':[{'feature':'effort','unknown':'default',"
		    "'default':500}]"),
		"#/inputs/0/default", "bounds"},
	{EXPRESSION("'inputs':[]"), "#/expression", "required"},
	{EXPRESSION("'expression':'1','terms':[]"), "#/terms", "no such"},
	{"{'name':'m','kind':'expression','expression':'1'}", "#/bands", "1 to 32"},

	{TABLE("'outcomes':['a'],'rules':[]"), "#/inputs", "1 to 12"},
	{TABLE("'inputs':[{'feature':'effort'}],'outcomes':['a'],'rules':[]"), "#/inputs/0/feature",
		"neither a category"},
	{TABLE("'inputs':[{'feature':'severity'},{'feature':'severity'}]"), "#/inputs/1/feature",
		"same feature"},
	{TABLE(IMPACT ",'rules':[{'then':'a'}]"), "#/outcomes", "1 to 64"},
	{TABLE(IMPACT ",'outcomes':['a','A'],'rules':[{'when':{},'then':'a'}]"), "#/outcomes/1",
		"already"},
	{TABLE(IMPACT ",'outcomes':[{'name':'a','score':1},{'name':'b','score':1}]"),
		"#/outcomes/1", "best first"},
	{TABLE(IMPACT ",'outcomes':[{'name':'a'}]"), "#/outcomes/0/score", "required"},
	{TABLE(IMPACT ",'outcomes':['a'],'rules':[{'when':{'severity':'sev1'},'then':'a'}]"),
		"#/rules/0/when/severity", "none of the inputs"},
	{TABLE(IMPACT ",'outcomes':['a'],'rules':[{'when':{'exploitation':'all'},'then':'a'}]"),
		"#/rules/0/when/exploitation", "no value"},
	{TABLE(IMPACT ",'outcomes':['a'],'rules':[{'when':{'exploitation':[]},'then':'a'}]"),
		"#/rules/0/when/exploitation", "empty"},
	{TABLE(IMPACT ",'outcomes':['a'],'rules':[{'when':{'handles_personal_data':'yes'},"
		      "'then':'a'}]"),
		"#/rules/0/when/handles_personal_data", "true or false"},
	{TABLE(IMPACT ",'outcomes':['a'],'rules':[{'when':{},'then':'b'}]"), "#/rules/0/then",
		"none of the outcomes"},
	{TABLE(IMPACT ",'outcomes':['a'],'rules':[{'when':{}}]"), "#/rules/0/then", "required"},
	{TABLE(IMPACT ",'outcomes':['a'],'rules':[{'when':{},'then':'a'}],'csv':'x'"), "#/csv",
		"either"},
	{TABLE(IMPACT ",'outcomes':['a'],'rules':[{'when':{},'then':'a'}],'columns':{}"),
		"#/columns", "csv"},
	{TABLE("'outcomes':['a'],'columns':{'x':'effort'},'csv':'severity,then\\n'"), "#/columns/x",
		"no such column"},

	{PARETO("'objectives':[{'feature':'effort'}]"), "#/objectives", "2 to 8"},
	{PARETO("'objectives':[{'feature':'effort'},{'feature':'effort'}]"),
		"#/objectives/1/feature", "same feature"},
	{PARETO("'objectives':[{'feature':'effort'},{'feature':'demand','goal':'most'}]"),
		"#/objectives/1/goal", "minimise"},
	{PARETO("'objectives':[{'feature':'effort'},{'feature':'demand','weight':-1}]"),
		"#/objectives/1/weight", "negative"},
	{PARETO(OBJECTIVES ",'place':'best'"), "#/place", "topsis"},
	{PARETO(OBJECTIVES ",'reference':{'effort':3}"), "#/reference", "chebyshev"},
	{PARETO(OBJECTIVES ",'place':'chebyshev','reference':{'effort':500}"), "#/reference/effort",
		"120"},
	{PARETO(OBJECTIVES ",'place':'chebyshev','reference':{'reach':5}"), "#/reference/reach",
		"none of the objectives"},
	{PARETO("'place':'weights','objectives':[{'feature':'effort','weight':0},"
		"{'feature':'demand','weight':0}]"),
		"#/objectives", "greater than 0"},

	{"{'name':'m','kind':'pairwise','unknown':'zero'," BANDS "}", "#/unknown", "average"},
	{"{'name':'m','kind':'pairwise','inputs':[]," BANDS "}", "#/inputs", "no such"},

	{BLEND("'components':[{'model':1,'weight':1}]"), "#/components", "2 to 8"},
	{BLEND("'components':[{'model':1,'weight':1},{'model':9,'weight':1}]"),
		"#/components/1/model", "no model version 9"},
	{BLEND("'components':[{'model':1,'weight':1},{'model':1,'weight':1}]"),
		"#/components/1/model", "already"},
	{BLEND("'components':[{'model':1,'weight':1},{'model':3,'weight':1}]"),
		"#/components/1/model", "is a blend itself"},
	{BLEND("'components':[{'model':1,'weight':0},{'model':2,'weight':1}]"),
		"#/components/0/weight", "greater than 0"},
	{BLEND("'components':[{'model':1,'step':1},{'model':2,'weight':1}]"), "#/components/0/step",
		"no such"},
	{BLEND("'rule':'lexicographic','components':[{'model':1},{'model':2}]"),
		"#/components/0/step", "required"},
	{BLEND("'rule':'lexicographic','components':[{'model':1,'step':1e-9},{'model':2}]"),
		"#/components", "2^26"},
	{BLEND("'rule':'both','components':[]"), "#/rule", "lexicographic"},
	{"{'preset':'glory'}", "#/preset", "rice"},
	{"{'preset':'rice','kind':'expression'}", "#/kind", "no such"},
};

static void test_faults(void **state)
{
	struct world *world = world_new();

	(void)state;
	store(world, SUM(TERMS));
	store(world, BLEND("'components':[{'model':1,'weight':1},{'model':2,'weight':1}]"));
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct str body;
		enum error err = parse(world, faults[i].json, &body);

		if (err != ERR_INVALID)
			print_message("%s\n", faults[i].json);
		assert_int_equal(err, ERR_INVALID);
		assert_null(body.ptr);
		assert_fault(&world->scratch.diag, faults[i].pointer, faults[i].part);
	}
	world_free(world);
}

/* Faults of a kind's own do not hide those of the bands, and each is told once. */
static void test_all_at_once(void **state)
{
	struct world *world = world_new();
	struct str body;

	(void)state;
	assert_int_equal(
		parse(world,
			"{'kind':'pareto','objectives':[{'feature':'glamour'},"
			"{'feature':'effort','weight':'x'}],'place':'best','bands':["
			"{'name':'a','at_least':1},{'name':'a','at_least':2},{'name':'c'}]}",
			&body),
		ERR_INVALID);
	assert_fault(&world->scratch.diag, "#/name", "required");
	assert_fault(&world->scratch.diag, "#/objectives/0/feature", "no feature");
	assert_fault(&world->scratch.diag, "#/objectives/1/weight", "number");
	assert_fault(&world->scratch.diag, "#/place", "topsis");
	assert_fault(&world->scratch.diag, "#/bands/1/name", "same");
	assert_fault(&world->scratch.diag, "#/bands/1/at_least", "less");
	assert_int_equal(world->scratch.diag.count, 6);
	world_free(world);
}

/* ---- the documentation's examples ---- */

/* Posted in order to a new workspace; the versions that blends name are the first two. */
static void test_documented(void **state)
{
	static const char fence[] = "\n```json\n";
	char *text = read_text("docs/models.md"), *at = text;
	struct world *world = world_new();
	size_t examples = 0;

	(void)state;
	while ((at = strstr(at, fence))) {
		char *end = strstr(at + 1, "\n```\n");
		struct scratch scratch;
		json_t *json = NULL;

		assert_non_null(end);
		at += sizeof fence - 1;
		scratch_begin(&scratch);
		if (json_parse((struct str){at, (size_t)(end - at)}, 1, "", &scratch.diag, &json))
			show_faults(&scratch.diag);
		assert_non_null(json);
		assert_round_trip(world, store_json(world, json));
		json_decref(json);
		scratch_end(&scratch);
		at = end;
		examples++;
	}
	assert_int_equal(examples, 10);
	free(text);
	world_free(world);
}

/* ---- damaged texts ---- */

/* Whatever a text has become, it is a sound model or there is a fault that says why not. */
static void damage(char *text, size_t len)
{
	static const char bytes[] = ",\"\r\n v1.()<=+*/-^ a\\ux01\xff";

	for (size_t n = 1 + random_below(4); n > 0; n--)
		text[random_below(len)] = bytes[random_below(sizeof bytes - 1)];
}

static void assert_orderly(
	struct world *world, const char *member_key, const char *text, size_t len, const char *rest)
{
	json_t *json = json_of(rest), *value = json_stringn(text, len);
	struct scratch scratch;
	struct str body = STR_NONE;
	enum error err;

	/* jansson refuses what is no UTF-8; such a text never comes as far. */
	if (value) {
		scratch_begin(&scratch);
		json_object_set_new(json, member_key, value);
		err = model_parse(json, world->catalog, &scratch.arena, &scratch.diag, &body);
		assert_true(err == (scratch.diag.count > 0 ? ERR_INVALID : ERR_OK));
		assert_true((err == ERR_OK) == (body.ptr != NULL));
		scratch_end(&scratch);
	}
	json_decref(json);
}

static void test_damaged_texts(void **state)
{
	static const char table[] = "row,exploitation v1.0,\"automatable\",then\r\n"
				    "1,none,no,wait\n2,none,yes,wait\n3,public poc,no,wait\n"
				    "4,public poc,yes,act\n5,active,no,\"act\"\n6,active,yes,act\n";
	static const char expression[] =
		"if(stream == \"incident\" or not handles_personal_data, 2, 1) * user_impact ^ 2 "
		"+ coalesce(min(age_days, 3), clamp(effort, 1, 2) / 3) - -log(demand)";
	struct world *world = world_new();
	char text[512];

	(void)state;
	random_begin("damaged_texts");
	for (unsigned i = 0; i < 2000; i++) {
		memcpy(text, table, sizeof table);
		damage(text, sizeof table - 1);
		assert_orderly(
			world, "csv", text, sizeof table - 1, TABLE("'outcomes':['act','wait']"));
		memcpy(text, expression, sizeof expression);
		damage(text, sizeof expression - 1);
		assert_orderly(world, "expression", text, sizeof expression - 1,
			"{'name':'m','kind':'expression'," BANDS "}");
	}
	world_free(world);
}

/* ---- memory ---- */

static void test_out_of_memory(void **state)
{
	static const char *const models[] = {
		SUM(TERMS ",'max_influence':0.5,'teams':[{'team':'search','share':0.1,'terms':["
			  "{'feature':'effort','weight':1}]}]"),
		EXPRESSION(MIXED),
		TABLE("'outcomes':['act','wait'],'csv':'exploitation,then\\nnone,wait\\n"
		      "\\'public poc\\',wait\\nactive,act'"),
		PARETO(OBJECTIVES ",'place':'chebyshev'"),
		BLEND("'components':[{'model':1,'weight':1},{'model':2,'weight':1}]"),
		"{'preset':'rice'}",
	};
	struct world *world = world_new();

	(void)state;
	store(world, SUM(TERMS));
	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		json_t *json = json_of(models[i]);

		for (long n = 0;; n++) {
			struct scratch scratch;
			struct diag *diag = scratch_begin(&scratch);
			struct str body = STR_NONE;
			enum error err;
			bool short_of_memory;

			oom_begin(n);
			err = model_parse(json, world->catalog, &scratch.arena, diag, &body);
			short_of_memory = oom_end();
			if (diag->count > 0)
				print_message("%s, allocation %ld\n", models[i], n);
			show_faults(diag);
			if (short_of_memory)
				assert_true(err == ERR_NO_MEMORY && diag->count == 0);
			else
				assert_true(err == ERR_OK && body.ptr);
			scratch_end(&scratch);
			if (!short_of_memory)
				break;
		}
		json_decref(json);
	}
	world_free(world);
}

/* A workspace with one model of each kind. */
static struct world *world_of_all(void)
{
	struct world *world = world_new();

	store(world, SUM(TERMS ",'teams':[{'team':'search','share':0.1,'terms':["
			       "{'feature':'effort','weight':1}]}]"));
	store(world, EXPRESSION(MIXED));
	store(world, TABLE("'outcomes':['act'],'inputs':[{'feature':'exploitation'}],'rules':["
			   "{'when':{},'then':'act'}]"));
	store(world, PARETO(OBJECTIVES ",'place':'chebyshev'"));
	store(world, "{'name':'m','kind':'pairwise'," BANDS "}");
	store(world, BLEND("'components':[{'model':3,'weight':1},{'model':2,'weight':1}]"));
	return world;
}

static void test_build_out_of_memory(void **state)
{
	struct world *world = world_of_all();

	(void)state;
	for (long n = 0;; n++) {
		struct catalog *catalog = NULL;
		enum error err;
		bool short_of_memory;

		oom_begin(n);
		err = catalog_build(world->documents, world->count, &catalog);
		short_of_memory = oom_end();
		assert_int_equal(err, short_of_memory ? ERR_NO_MEMORY : ERR_OK);
		assert_true(short_of_memory == !catalog);
		catalog_unref(catalog);
		if (!short_of_memory)
			break;
	}
	world_free(world);
}

static void test_bind_out_of_memory(void **state)
{
	struct world *world = world_of_all();
	struct word_lookup words = {symbol_of, (void *)"incident"};

	(void)state;
	for (size_t i = 0; i < world->catalog->model_count; i++) {
		for (long n = 0;; n++) {
			struct scratch scratch;
			struct wn_model bound;
			bool good, short_of_memory;

			scratch_begin(&scratch);
			oom_begin(n);
			good = model_bind(
				&world->catalog->models[i], &words, &scratch.arena, &bound);
			short_of_memory = oom_end();
			assert_true(good == !short_of_memory);
			scratch_end(&scratch);
			if (!short_of_memory)
				break;
		}
	}
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_later_category_is_unknown),
		cmocka_unit_test(test_weighted_sum_teams),
		cmocka_unit_test(test_fact_as_term),
		cmocka_unit_test(test_expression),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_holes),
		cmocka_unit_test(test_table_csv),
		cmocka_unit_test(test_table_csv_faults),
		cmocka_unit_test(test_table_csv_rows),
		cmocka_unit_test(test_large_table_is_short),
		cmocka_unit_test(test_room_for_tables),
		cmocka_unit_test(test_stored_rules_damaged),
		cmocka_unit_test(test_text_is_no_rules_of_a_client),
		cmocka_unit_test(test_ssvc),
		cmocka_unit_test(test_pareto),
		cmocka_unit_test(test_pairwise),
		cmocka_unit_test(test_blend),
		cmocka_unit_test(test_blend_of_many),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_documented),
		cmocka_unit_test(test_damaged_texts),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_build_out_of_memory),
		cmocka_unit_test(test_bind_out_of_memory),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
