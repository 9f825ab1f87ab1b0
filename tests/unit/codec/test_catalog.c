/*
 * The catalogue: the default documents are sound and canonical, a catalogue is built from rows in
 * any order, keeps old definitions for the models that pin them, and refuses damaged rows whole.
 */
#include "codec/catalog_support.h"

#include <math.h>

#include "base/clock.h"
#include "base/out_of_memory.h"
#include "codec/item.h"

static const struct document *document_of(const char *kind, const char *name)
{
	for (size_t i = 0; i < default_document_count; i++) {
		if (str_is(default_documents[i].kind, kind) &&
			str_is(default_documents[i].name, name))
			return &default_documents[i];
	}
	fail_msg("no default document %s %s", kind, name);
	return NULL;
}

static json_t *body_of(const struct document *document)
{
	struct scratch scratch;
	json_t *json = NULL;

	scratch_begin(&scratch);
	if (json_parse(document->body, 1, "", &scratch.diag, &json) != ERR_OK)
		show_faults(&scratch.diag);
	assert_non_null(json);
	scratch_end(&scratch);
	return json;
}

/* What is parsed again must be the very bytes: then a re-posted default changes nothing. */
static void test_defaults_are_canonical(void **state)
{
	struct catalog *catalog = default_catalog();

	(void)state;
	for (size_t i = 0; i < default_document_count; i++) {
		const struct document *document = &default_documents[i];
		json_t *json = body_of(document);
		struct str body = STR_NONE;
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);
		struct buf canonical = BUF_INIT;
		enum error err = ERR_OK;

		json_canonical(&canonical, json);
		assert_true(str_eq(buf_view(&canonical), document->body));
		buf_release(&canonical);
		assert_int_equal(document->revision, 1);
		if (str_is(document->kind, "feature"))
			err = feature_definition_parse(json, document->name,
				catalog_feature(catalog, document->name)->id, NULL, &scratch.arena,
				diag, &body);
		else if (str_is(document->kind, "settings"))
			err = settings_parse(json, &scratch.arena, diag, &body);
		else if (str_is(document->kind, "mapping"))
			err = mapping_parse(json, NULL, catalog, &scratch.arena, diag, &body);
		else
			body = document->body;
		if (str_is(document->kind, "model")) {
			json_object_del(json, "pins");
			err = model_parse(json, catalog, &scratch.arena, diag, &body);
		}
		show_faults(diag);
		assert_int_equal(err, ERR_OK);
		assert_true(str_eq(body, document->body));
		scratch_end(&scratch);
		json_decref(json);
	}
	catalog_unref(catalog);
}

static void test_defaults(void **state)
{
	static const char *const shipped[] = {"user_impact", "fix_confidence", "reversibility",
		"cost_of_delay", "timebox_days", "capability_note", "success_metric",
		"risk_category", "severity", "regulatory_due", "acceptance_criteria",
		"evaluation_plan", "owners", "effort", "demand"};
	static const char *const families[] = {"business_value", "effort", "technical_debt",
		"reliability", "risk_compliance", "dependency", "demand"};
	struct catalog *catalog = default_catalog();
	const struct feature_definition *severity;
	size_t in_family[7] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof shipped / sizeof shipped[0]; i++)
		assert_non_null(catalog_feature(catalog, str_from(shipped[i])));
	for (size_t i = 0; i < catalog->feature_count; i++) {
		assert_int_equal(catalog->features[i].id, i);
		for (size_t f = 0; f < 7; f++)
			in_family[f] += str_is(catalog->features[i].family, families[f]);
	}
	for (size_t f = 0; f < 7; f++)
		assert_true(in_family[f] > 0);
	severity = catalog_feature(catalog, STR("severity"));
	assert_true(str_is(severity->categories[0], "sev4"));
	assert_true(str_is(severity->categories[3], "sev1"));
	assert_true(severity->lower == 0 && severity->upper == 3);

	assert_int_equal(catalog_stream(catalog, STR("model_quality")), 0);
	assert_int_equal(catalog_stream(catalog, STR("incident")), 3);
	assert_int_equal(catalog_stream(catalog, STR("incidents")), -1);
	assert_int_equal(catalog_kind(catalog, STR("task")), 0);
	assert_true(catalog_kind(catalog, STR("guardrail")) > 0);
	assert_int_equal(catalog_status(catalog, STR("open"))->class, STATUS_TODO);
	assert_int_equal(catalog_status(catalog, STR("in_progress"))->class, STATUS_ACTIVE);
	assert_int_equal(catalog_status(catalog, STR("done"))->class, STATUS_DONE);
	assert_int_equal(catalog_status(catalog, STR("dropped"))->class, STATUS_DROPPED);
	assert_null(catalog_status(catalog, STR("closed")));

	assert_int_equal(catalog->revision, 1);
	assert_int_equal(catalog_alias(catalog, STR("active"))->model, 1);
	assert_null(catalog_alias(catalog, STR("candidate")));
	assert_non_null(catalog_model(catalog, 1));
	assert_null(catalog_model(catalog, 0));
	assert_null(catalog_model(catalog, 2));
	assert_non_null(catalog_mapping(catalog, STR("github")));
	assert_null(catalog_mapping(catalog, STR("jira")));
	assert_null(catalog_feature(catalog, STR("userimpact")));
	catalog_ref(catalog);
	catalog_unref(catalog);
	catalog_unref(catalog);
	catalog_unref(NULL);
}

/* The defaults, followed by others. */
static enum error build_with(const struct document *more, size_t count, struct catalog **out)
{
	struct document all[64];

	assert_true(default_document_count + count <= 64);
	for (size_t i = 0; i < count; i++)
		all[i] = more[i];
	memcpy(all + count, default_documents, default_document_count * sizeof *all);
	return catalog_build(all, default_document_count + count, out);
}

#define ROW(kind, name, revision, body)                                                            \
	{                                                                                          \
		STR(kind), STR(name), STR(body), revision                                          \
	}
#define USER_IMPACT_WITH(upper)                                                                    \
	"{\"bounds\":{\"lower\":1,\"upper\":" upper "},\"description\":\"d\",\"direction\":"       \
	"\"higher_is_better\",\"family\":\"business_value\",\"id\":0,\"out_of_bounds\":"           \
	"\"refuse\","                                                                              \
	"\"sensitive\":false,\"type\":\"number\"}"

static void test_pins_hold(void **state)
{
	const struct document more[] = {
		ROW("feature", "user_impact", 7, USER_IMPACT_WITH("10")),
		ROW("feature", "user_impact", 5, USER_IMPACT_WITH("5")),
		ROW("model", "2", 6,
			"{\"bands\":[{\"name\":\"all\"}],\"kind\":\"weighted_sum\",\"name\":\"m\","
			"\"pins\":{\"user_impact\":5},\"terms\":[{\"feature\":\"user_impact\","
			"\"scale\":\"unit\",\"unknown\":\"span\",\"weight\":1}]}"),
		ROW("alias", "active", 8, "{\"model\":2}"),
		ROW("alias", "candidate", 9, "{\"model\":1}"),
		ROW("mapping", "github", 4, "{\"stream\":\"incident\"}"),
	};
	struct catalog *catalog;

	(void)state;
	assert_int_equal(build_with(more, 6, &catalog), ERR_OK);
	assert_int_equal(catalog->revision, 9);
	assert_true(catalog_feature(catalog, STR("user_impact"))->upper == 10);
	assert_true(catalog_model(catalog, 1)->model.terms[0].upper == 3);
	assert_true(catalog_model(catalog, 2)->model.terms[0].upper == 5);
	assert_int_equal(catalog_model(catalog, 2)->term_features[0]->revision, 5);
	assert_int_equal(catalog_alias(catalog, STR("active"))->model, 2);
	assert_int_equal(catalog_alias(catalog, STR("active"))->revision, 8);
	assert_int_equal(catalog_alias(catalog, STR("candidate"))->model, 1);
	assert_true(
		str_is(catalog_mapping(catalog, STR("github"))->body, "{\"stream\":\"incident\"}"));
	catalog_unref(catalog);
}

static void test_damage_is_refused(void **state)
{
	static const struct document damaged[] = {
		ROW("feature", "user_impact", 2, "{\"broken\":"),
		ROW("feature", "user_impact", 2, "{}"),
		ROW("feature", "twin", 2, USER_IMPACT_WITH("3")),
		ROW("feature", "stray", 2,
			"{\"description\":\"d\",\"family\":\"effort\",\"id\":99,\"type\":"
			"\"text\"}"),
		ROW("model", "3", 2, "{}"),
		ROW("model", "1", 2, "{}"),
		ROW("model", "one", 2, "{}"),
		ROW("model", "2", 2,
			"{\"bands\":[{\"name\":\"all\"}],\"kind\":\"weighted_sum\",\"name\":\"m\","
			"\"pins\":{\"user_impact\":4},\"terms\":[{\"feature\":\"user_impact\","
			"\"weight\":1}]}"),
		ROW("alias", "candidate", 2, "{\"model\":2}"),
		ROW("settings", "workspace", 2, "{\"streams\":[]}"),
		ROW("settings", "other", 2, "{}"),
		ROW("mapping", "github", 2, "[]"),
		ROW("policy", "1", 2, "{}"),
	};
	struct catalog *catalog;

	(void)state;
	for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
		assert_int_equal(build_with(&damaged[i], 1, &catalog), ERR_INTERNAL);
		assert_null(catalog);
	}
	assert_int_equal(catalog_build(NULL, 0, &catalog), ERR_OK);
	assert_null(catalog_feature(catalog, STR("user_impact")));
	catalog_unref(catalog);
}

static void test_out_of_memory(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		struct catalog *catalog = NULL;
		enum error err;

		oom_begin(n);
		err = catalog_build(default_documents, default_document_count, &catalog);
		if (!oom_end()) {
			assert_int_equal(err, ERR_OK);
			catalog_unref(catalog);
			break;
		}
		assert_int_equal(err, ERR_NO_MEMORY);
		assert_null(catalog);
	}
}

/* ---- feature definitions ---- */

static enum error parse_feature(const char *text, const char *name, const char *previous,
	struct scratch *scratch, struct str *body)
{
	struct catalog *catalog = default_catalog();
	struct diag *diag = scratch_begin(scratch);
	json_t *json = json_of(text);
	enum error err;

	err = feature_definition_parse(json, str_from(name), 40,
		previous ? catalog_feature(catalog, str_from(previous)) : NULL, &scratch->arena,
		diag, body);
	json_decref(json);
	catalog_unref(catalog);
	return err;
}

static void test_feature_forms(void **state)
{
	static const struct {
		const char *json, *body;
	} forms[] = {
		{"{'type':'number','family':'demand','description':'d','unit':null,'bounds':"
		 "{'lower':0,'upper':10.0}}",
			"{\"bounds\":{\"lower\":0,\"upper\":10},\"description\":\"d\","
			"\"direction\":"
			"\"higher_is_better\",\"family\":\"demand\",\"id\":40,\"out_of_bounds\":"
			"\"refuse\",\"sensitive\":false,\"type\":\"number\"}"},
		{"{'name':'thing','id':40,'revision':3,'type':'category','family':'demand',"
		 "'description':'d','categories':['low','high'],'sensitive':true}",
			"{\"categories\":[\"low\",\"high\"],\"description\":\"d\",\"family\":"
			"\"demand\",\"id\":40,\"sensitive\":true,\"type\":\"category\"}"},
		{"{'type':'boolean','family':'effort','description':'d','direction':"
		 "'lower_is_better'}",
			"{\"description\":\"d\",\"direction\":\"lower_is_better\",\"family\":"
			"\"effort\",\"id\":40,\"sensitive\":false,\"type\":\"boolean\"}"},
		{"{'type':'text','family':'effort','description':'d'}",
			"{\"description\":\"d\",\"family\":\"effort\",\"id\":40,\"sensitive\":"
			"false,\"type\":\"text\"}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct scratch scratch;
		struct str body = STR_NONE;
		enum error err = parse_feature(forms[i].json, "thing", NULL, &scratch, &body);

		show_faults(&scratch.diag);
		assert_int_equal(err, ERR_OK);
		assert_string_equal(body.ptr, forms[i].body);
		scratch_end(&scratch);
	}
}

static void test_feature_faults(void **state)
{
	static const struct {
		const char *json, *name, *previous, *pointer, *part;
	} faults[] = {
		{"[]", "thing", NULL, "#", "JSON object"},
		{"{'type':'number'}", "thing", NULL, "#/family", "\"demand\""},
		{"{'type':'number'}", "thing", NULL, "#/description", "required"},
		{"{'type':'integer'}", "thing", NULL, "#/type", "\"text\""},
		{"{'type':'text','color':1}", "thing", NULL, "#/color", "no such"},
		{"{'type':'number','bounds':{'lower':3,'upper':3}}", "thing", NULL, "#/bounds",
			"greater"},
		{"{'type':'number','categories':['a']}", "thing", NULL, "#/categories",
			"only a category"},
		{"{'type':'category'}", "thing", NULL, "#/categories", "closed list"},
		{"{'type':'category','categories':['a','a']}", "thing", NULL, "#/categories/1",
			"already"},
		{"{'type':'category','categories':[' a']}", "thing", NULL, "#/categories/0",
			"blank"},
		{"{'type':'category','categories':['a'],'direction':'lower_is_better'}", "thing",
			NULL, "#/direction", "worst first"},
		{"{'type':'date','bounds':{}}", "thing", NULL, "#/bounds", "only a number"},
		{"{'type':'text'}", "Thing", NULL, "#", "a to z"},
		{"{'type':'text','name':'other'}", "thing", NULL, "#/name", "path"},
		{"{'type':'text','id':3}", "thing", NULL, "#/id", "server"},
		{"{'type':'text','family':'effort','description':'d'}", "severity", "severity",
			"#/type", "category"},
		{"{'type':'category','family':'effort','description':'d','categories':"
		 "['sev4','sev3','sev1']}",
			"severity", "severity", "#/categories/2", "sev2"},
		{"{'type':'category','family':'effort','description':'d','categories':['sev4']}",
			"severity", "severity", "#/categories/1", "sev3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct scratch scratch;
		struct str body = STR_NONE;
		enum error err = parse_feature(
			faults[i].json, faults[i].name, faults[i].previous, &scratch, &body);

		assert_int_equal(err, ERR_INVALID);
		assert_null(body.ptr);
		assert_fault(&scratch.diag, faults[i].pointer, faults[i].part);
		scratch_end(&scratch);
	}
}

static void test_feature_grows(void **state)
{
	struct scratch scratch;
	struct str body;

	(void)state;
	assert_int_equal(parse_feature("{'type':'category','family':'effort','description':'d',"
				       "'categories':['sev4','sev3','sev2','sev1','sev0']}",
				 "severity", "severity", &scratch, &body),
		ERR_OK);
	scratch_end(&scratch);
}

static void test_feature_write(void **state)
{
	struct catalog *catalog = default_catalog();
	struct buf out = BUF_INIT;

	(void)state;
	feature_definition_write(&out, catalog_feature(catalog, STR("severity")));
	assert_false(out.failed);
	assert_non_null(strstr(out.data, "\"categories\":[\"sev4\",\"sev3\",\"sev2\",\"sev1\"]"));
	assert_non_null(strstr(out.data, "\"revision\":1"));
	buf_reset(&out);
	/* What the API shows can be sent back. */
	for (size_t i = 0; i < catalog->feature_count; i++) {
		const struct feature_definition *feature = &catalog->features[i];
		struct scratch scratch;
		struct str body;
		json_t *json;

		buf_reset(&out);
		feature_definition_write(&out, feature);
		json = json_of(out.data);
		scratch_begin(&scratch);
		assert_int_equal(feature_definition_parse(json, feature->name, feature->id, feature,
					 &scratch.arena, &scratch.diag, &body),
			ERR_OK);
		assert_true(str_eq(body, document_of("feature", feature->name.ptr)->body));
		json_decref(json);
		scratch_end(&scratch);
	}
	buf_release(&out);
	catalog_unref(catalog);
}

/* ---- deletion ---- */

static void test_feature_deleted(void **state)
{
	struct catalog *catalog = default_catalog();
	const struct feature_definition *feature = catalog_feature(catalog, STR("severity"));
	struct scratch scratch;
	struct str body, again;
	struct catalog *later;
	json_t *json;

	(void)state;
	scratch_begin(&scratch);
	assert_int_equal(feature_deleted_body(feature, &scratch.arena, &body), ERR_OK);
	assert_non_null(strstr(body.ptr, "\"deleted\":true"));
	{
		const struct document rows[] = {{STR("feature"), STR("severity"), body, 5}};

		assert_int_equal(build_with(rows, 1, &later), ERR_OK);
	}
	assert_null(catalog_live_feature(later, STR("severity")));
	assert_non_null(catalog_live_feature(later, STR("effort")));
	feature = catalog_feature(later, STR("severity"));
	assert_true(feature->deleted && feature->id == 11 && feature->category_count == 4);
	assert_int_equal(later->feature_count, catalog->feature_count);

	/* Defined anew by the same type, it is as it was; another type is refused as ever. */
	json = body_of(document_of("feature", "severity"));
	assert_int_equal(feature_definition_parse(json, feature->name, feature->id, feature,
				 &scratch.arena, &scratch.diag, &again),
		ERR_OK);
	assert_true(str_eq(again, document_of("feature", "severity")->body));
	json_decref(json);
	json = body_of(&(struct document){.body = body});
	assert_int_equal(feature_definition_parse(json, feature->name, feature->id, feature,
				 &scratch.arena, &scratch.diag, &again),
		ERR_INVALID);
	assert_fault(&scratch.diag, "#/deleted", "DELETE");
	json_decref(json);
	json = json_of("{'name':'m','kind':'weighted_sum','terms':[{'feature':'severity',"
		       "'weight':1}],'bands':[{'name':'a'}]}");
	assert_int_equal(
		model_parse(json, later, &scratch.arena, &scratch.diag, &again), ERR_INVALID);
	assert_fault(&scratch.diag, "#/terms/0/feature", "no feature");
	json_decref(json);
	json = json_of("{'stream':'incident','rules':[{'set':{'features':{'severity':'sev1'}}}]}");
	assert_int_equal(mapping_parse(json, NULL, later, &scratch.arena, &scratch.diag, &again),
		ERR_INVALID);
	assert_fault(&scratch.diag, "#/rules/0/set/features/severity", "no such");
	json_decref(json);
	catalog_unref(later);
	catalog_unref(catalog);
	scratch_end(&scratch);
}

/* Its values are neither taken nor shown. */
static void test_deleted_values(void **state)
{
	const struct feature_value values[] = {{.id = 4, .number = 3, .observed_us = TIME_NONE},
		{.id = 11, .number = 2, .observed_us = TIME_NONE}};
	const struct item_record record = {.item = {.features = values, .feature_count = 2}};
	struct catalog *catalog = default_catalog(), *later;
	struct document row = {STR("feature"), STR("severity"), STR_NONE, 5};
	const struct feature_value *features;
	struct buf out = BUF_INIT;
	struct scratch scratch;
	json_t *json;
	size_t count;

	(void)state;
	scratch_begin(&scratch);
	assert_int_equal(
		feature_deleted_body(&catalog->features[11], &scratch.arena, &row.body), ERR_OK);
	assert_int_equal(build_with(&row, 1, &later), ERR_OK);
	json = json_of("{'effort':3,'severity':'sev2'}");
	assert_int_equal(item_features_parse(json, catalog, "", &scratch.arena, &scratch.diag,
				 &features, &count),
		ERR_OK);
	assert_int_equal(count, 2);
	assert_int_equal(item_features_parse(
				 json, later, "", &scratch.arena, &scratch.diag, &features, &count),
		ERR_INVALID);
	assert_fault(&scratch.diag, "#/severity", "no such feature");
	json_decref(json);
	item_write(&out, &record, catalog, true);
	assert_non_null(strstr(out.data, "\"severity\""));
	buf_reset(&out);
	item_write(&out, &record, later, true);
	assert_null(strstr(out.data, "\"severity\""));
	assert_non_null(strstr(out.data, "\"effort\""));
	buf_release(&out);
	catalog_unref(later);
	catalog_unref(catalog);
	scratch_end(&scratch);
}

static const char *users_of(struct catalog *catalog, const char *feature, struct scratch *scratch)
{
	const struct str *users;
	struct buf text = BUF_INIT;
	char *copy;
	size_t count;

	assert_int_equal(catalog_feature_users(catalog, catalog_feature(catalog, str_from(feature)),
				 &scratch->arena, &users, &count),
		ERR_OK);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%.*s", i > 0 ? ", " : "", STR_ARG(users[i]));
	copy = arena_strdup(&scratch->arena, buf_view(&text));
	assert_non_null(copy);
	buf_release(&text);
	return copy;
}

static void test_feature_users(void **state)
{
	const struct document rows[] = {
		{STR("model"), STR("2"),
			STR("{\"bands\":[{\"name\":\"a\"}],\"kind\":\"weighted_sum\",\"name\":"
			    "\"m\",\"pins\":{\"effort\":1},\"terms\":[{\"feature\":\"effort\","
			    "\"scale\":\"unit\",\"unknown\":\"span\",\"weight\":1}]}"),
			2},
		{STR("model"), STR("3"),
			STR("{\"bands\":[{\"name\":\"a\"}],\"components\":[{\"model\":1,"
			    "\"weight\":1},{\"model\":2,\"weight\":1}],\"kind\":\"blend\","
			    "\"name\":\"m\",\"pins\":{},\"rule\":\"weighted\"}"),
			3},
		{STR("alias"), STR("candidate"), STR("{\"model\":3}"), 4},
		{STR("policy"), STR("1"),
			STR("{\"name\":\"p\",\"rules\":[{\"effect\":\"exclude\",\"id\":\"r\","
			    "\"reason\":\"because it is so\",\"when\":{\"feature\":"
			    "\"timebox_days\",\"present\":true}}]}"),
			5},
		{STR("policy_alias"), STR("active"), STR("{\"policy\":1}"), 6},
	};
	struct catalog *catalog;
	struct scratch scratch;

	(void)state;
	scratch_begin(&scratch);
	assert_int_equal(build_with(rows, 5, &catalog), ERR_OK);
	assert_string_equal(users_of(catalog, "effort", &scratch), "model 3 (candidate)");
	assert_string_equal(users_of(catalog, "fix_confidence", &scratch),
		"model 1 (active), model 3 (candidate), mapping github");
	assert_string_equal(users_of(catalog, "demand", &scratch), "mapping github");
	assert_string_equal(
		users_of(catalog, "severity", &scratch), "mapping alertmanager, mapping github");
	assert_string_equal(users_of(catalog, "timebox_days", &scratch), "policy 1 (active)");
	assert_string_equal(users_of(catalog, "debt_interest", &scratch), "");
	catalog_unref(catalog);
	scratch_end(&scratch);
}

/* ---- settings ---- */

static void test_settings(void **state)
{
	static const struct {
		const char *json, *pointer, *part;
	} faults[] = {
		{"[]", "#", "JSON object"},
		{"{}", "#/streams", "at least one"},
		{"{}", "#/statuses", "1 to 128"},
		{"{'streams':['a','a']}", "#/streams/1", "already"},
		{"{'kinds':['a\\u0007']}", "#/kinds/0", "control"},
		{"{'statuses':[{'name':'x','class':'open'}]}", "#/statuses/0/class", "\"dropped\""},
		{"{'statuses':[{'name':'x','class':'done'}]}", "#/statuses", "todo"},
		{"{'statuses':[{'name':'x','class':'todo'},{'name':'x','class':'done'}]}",
			"#/statuses/1/name", "already"},
		{"{'statuses':['open']}", "#/statuses/0", "object"},
		{"{'colours':[]}", "#/colours", "no such"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		json_t *json = json_of(faults[i].json);
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);
		struct str body = STR_NONE;

		assert_int_equal(settings_parse(json, &scratch.arena, diag, &body), ERR_INVALID);
		assert_fault(diag, faults[i].pointer, faults[i].part);
		json_decref(json);
		scratch_end(&scratch);
	}
}

/* Every version counts, and a full workspace can still name another one. */
static void test_room(void **state)
{
	struct catalog *catalog = default_catalog();
	size_t expected = 0;
	struct scratch scratch;
	struct diag *diag = scratch_begin(&scratch);
	struct str body = {"", 1000};

	(void)state;
	for (size_t i = 0; i < default_document_count; i++)
		expected += DOCUMENT_ROW_BYTES + default_documents[i].body.len;
	assert_int_equal(catalog->document_bytes, expected);
	assert_true(catalog_has_room(catalog, body, diag));
	body.len = DOCUMENT_MAX_BYTES;
	assert_true(catalog_has_room(catalog, body, diag));
	assert_int_equal(diag->count, 0);
	body.len++;
	assert_false(catalog_has_room(catalog, body, diag));
	assert_fault(diag, "#", "As it is stored this has 4194305 bytes");

	diag->count = 0;
	body.len = 1000;
	catalog->document_bytes = DOCUMENTS_MAX_BYTES - 1000 - DOCUMENT_ROW_BYTES;
	assert_true(catalog_has_room(catalog, body, diag));
	catalog->document_bytes++;
	assert_false(catalog_has_room(catalog, body, diag));
	assert_fault(diag, "#", "67107737 bytes");
	body.len = DOCUMENT_SMALL_BYTES;
	catalog->document_bytes = DOCUMENTS_MAX_BYTES;
	assert_true(catalog_has_room(catalog, body, diag));
	catalog->document_bytes = 2 * DOCUMENTS_MAX_BYTES;
	assert_false(catalog_has_room(catalog, body, diag));
	catalog_unref(catalog);
	scratch_end(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_canonical),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_pins_hold),
		cmocka_unit_test(test_damage_is_refused),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_feature_forms),
		cmocka_unit_test(test_feature_faults),
		cmocka_unit_test(test_feature_grows),
		cmocka_unit_test(test_feature_write),
		cmocka_unit_test(test_feature_deleted),
		cmocka_unit_test(test_deleted_values),
		cmocka_unit_test(test_feature_users),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_room),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
