/*
 * Mappings as documents: the form that is accepted, and each fault with its place.
 */
#include "codec/catalog_support.h"

#include "base/out_of_memory.h"

static const char *const signals[] = {"reactions", "comments", NULL};
static const char *const statuses[] = {"open", "closed", NULL};
static const struct mapping_terms terms = {.signals = signals, .statuses = statuses};

static enum error parse(const char *text, struct scratch *scratch, struct str *body)
{
	struct catalog *catalog = default_catalog();
	struct diag *diag = scratch_begin(scratch);
	json_t *json = json_of(text);
	enum error err = mapping_parse(json, &terms, catalog, &scratch->arena, diag, body);

	json_decref(json);
	catalog_unref(catalog);
	return err;
}

static const char good[] =
	"{'stream':'incident','kind':'bug','rules':[{'label':'sev*1','set':{'kind':'incident',"
	"'features':{'user_impact':3,'severity':'sev1','effort':{'value':2,'evidence':'estimated'}}"
	"}},"
	"{'label':['p1','p2'],'set':{'team':'core'}},{'label_prefix':'area/','set':{'stream':"
	"'model_quality'}},{'set':{'features':{'cost_of_delay':1}}}],'thresholds':[{'signal':"
	"'reactions','feature':'user_impact','steps':[{'at_least':10,'value':3},{'at_least':2.5,"
	"'value':2}],'else':1},{'signal':'comments','feature':'demand'}],'statuses':{'open':'open',"
	"'closed':'done'}}";

static void test_accepted(void **state)
{
	struct scratch scratch;
	struct str body = STR_NONE;
	enum error err = parse(good, &scratch, &body);

	(void)state;
	show_faults(&scratch.diag);
	assert_int_equal(err, ERR_OK);
	assert_memory_equal(body.ptr, "{\"kind\":\"bug\",\"rules\":[{\"label\":\"sev*1\"", 37);
	scratch_end(&scratch);
	assert_int_equal(parse("{'stream':'incident'}", &scratch, &body), ERR_OK);
	assert_string_equal(body.ptr, "{\"stream\":\"incident\"}");
	scratch_end(&scratch);
}

#define RULE(rule) "{'stream':'incident','rules':[" rule "]}"
#define THRESHOLD(threshold) "{'stream':'incident','thresholds':[" threshold "]}"

static void test_faults(void **state)
{
	static const struct {
		const char *json, *pointer, *part;
	} faults[] = {
		{"[]", "#", "JSON object"},
		{"{}", "#/stream", "stream"},
		{"{'stream':'bugs'}", "#/stream", "no stream \"bugs\""},
		{"{'stream':'incident','kind':'bugs'}", "#/kind", "no kind"},
		{"{'stream':'incident','project':'X'}", "#/project", "no such"},
		{"{'stream':'incident','rules':{}}", "#/rules", "200"},
		{RULE("7"), "#/rules/0", "object"},
		{RULE("{'label':'x'}"), "#/rules/0/set", "sets something"},
		{RULE("{'label':'x','set':{}}"), "#/rules/0/set", "sets something"},
		{RULE("{'label':'x','label_prefix':'y','set':{'team':'t'}}"), "#/rules/0",
			"either"},
		{RULE("{'label':[],'set':{'team':'t'}}"), "#/rules/0/label", "empty list"},
		{RULE("{'label':[7],'set':{'team':'t'}}"), "#/rules/0/label/0", "string"},
		{RULE("{'label':'','set':{'team':'t'}}"), "#/rules/0/label", "empty"},
		{RULE("{'label':'x','set':{'stream':'bugs'}}"), "#/rules/0/set/stream",
			"no stream"},
		{RULE("{'label':'x','set':{'status':'open'}}"), "#/rules/0/set/status", "no such"},
		{RULE("{'label':'x','set':{'features':{'glamour':1}}}"),
			"#/rules/0/set/features/glamour", "no such"},
		{RULE("{'label':'x','set':{'features':{'user_impact':4}}}"),
			"#/rules/0/set/features/user_impact", "bounds"},
		{RULE("{'label':'x','set':{'features':{'user_impact':null}}}"),
			"#/rules/0/set/features/user_impact", "needed"},
		{RULE("{'label':'x','set':{'features':{'severity':'bad'}}}"),
			"#/rules/0/set/features/severity", "sev4"},
		{RULE("{'label':'x','set':{'features':{'effort':{'value':1,'evidence':'sure'}}}}"),
			"#/rules/0/set/features/effort/evidence", "measured"},
		{THRESHOLD("{'feature':'user_impact'}"), "#/thresholds/0/signal", "required"},
		{THRESHOLD("{'signal':'stars','feature':'demand'}"), "#/thresholds/0/signal",
			"reactions, comments"},
		{THRESHOLD("{'signal':'comments','feature':'glamour'}"), "#/thresholds/0/feature",
			"no feature"},
		{THRESHOLD("{'signal':'comments','feature':'severity'}"), "#/thresholds/0",
			"type number"},
		{THRESHOLD("{'signal':'comments','feature':'effort','else':1}"),
			"#/thresholds/0/steps", "1 to 20"},
		{THRESHOLD("{'signal':'comments','feature':'user_impact','steps':"
			   "[{'at_least':5,'value':2},{'at_least':5,'value':1}]}"),
			"#/thresholds/0/steps/1/at_least", "less than"},
		{THRESHOLD("{'signal':'comments','feature':'user_impact','steps':"
			   "[{'at_least':5,'value':9}]}"),
			"#/thresholds/0/steps/0/value", "bounds"},
		{THRESHOLD("{'signal':'comments','feature':'user_impact','steps':[{'value':1}]}"),
			"#/thresholds/0/steps/0/at_least", "required"},
		{THRESHOLD("{'signal':'comments','feature':'user_impact','steps':"
			   "[{'at_least':5,'value':2}],'else':0}"),
			"#/thresholds/0/else", "bounds"},
		{"{'stream':'incident','statuses':{'reopened':'open'}}", "#/statuses/reopened",
			"open, closed"},
		{"{'stream':'incident','statuses':{'open':'todo'}}", "#/statuses/open",
			"no status"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct scratch scratch;
		struct str body = STR_NONE;

		assert_int_equal(parse(faults[i].json, &scratch, &body), ERR_INVALID);
		assert_fault(&scratch.diag, faults[i].pointer, faults[i].part);
		assert_int_equal(scratch.diag.count, 1);
		scratch_end(&scratch);
	}
}

static void test_rules_are_limited(void **state)
{
	struct catalog *catalog = default_catalog();
	json_t *mapping = json_of("{'stream':'incident','rules':[]}");
	json_t *rules = json_object_get(mapping, "rules");
	struct str body;

	(void)state;
	for (int i = 0; i < 201; i++) {
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);

		if (i == 200)
			assert_int_equal(
				mapping_parse(mapping, NULL, catalog, &scratch.arena, diag, &body),
				ERR_OK);
		json_array_append_new(rules, json_of("{'label':'x','set':{'team':'t'}}"));
		if (i == 200)
			assert_int_equal(
				mapping_parse(mapping, NULL, catalog, &scratch.arena, diag, &body),
				ERR_INVALID);
		scratch_end(&scratch);
	}
	json_decref(mapping);
	catalog_unref(catalog);
}

static void test_out_of_memory(void **state)
{
	struct catalog *catalog = default_catalog();
	json_t *json = json_of(good);

	(void)state;
	for (long n = 0;; n++) {
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);
		struct str body = STR_NONE;
		bool short_of_memory;
		enum error err;

		oom_begin(n);
		err = mapping_parse(json, &terms, catalog, &scratch.arena, diag, &body);
		short_of_memory = oom_end();
		if (short_of_memory)
			assert_true(err == ERR_NO_MEMORY && diag->count == 0);
		else
			assert_int_equal(err, ERR_OK);
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
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_rules_are_limited),
		cmocka_unit_test(test_out_of_memory),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
