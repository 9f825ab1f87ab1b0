/*
 * Policies as JSON: the one written form, all faults with their places, what a stored policy keeps
 * of its meaning, and how it is bound to a population.
 */
#include "codec/catalog_support.h"

#include <math.h>

#include "base/out_of_memory.h"

#define RULE(when, rest) "{'id':'r','reason':'why','when':" when "," rest "}"
#define POLICY(rules) "{'name':'p','rules':[" rules "]}"
#define ON(when) POLICY(RULE(when, "'effect':'hold'"))
#define DOING(rest) POLICY(RULE("{'all':[]}", rest))
#define ROW(kind, name, revision, body)                                                            \
	{                                                                                          \
		STR(kind), STR(name), STR(body), revision                                          \
	}

static struct catalog *build_with(const struct document *more, size_t count)
{
	struct document all[64];
	struct catalog *catalog = NULL;

	memcpy(all, default_documents, default_document_count * sizeof *all);
	for (size_t i = 0; i < count; i++)
		all[default_document_count + i] = more[i];
	assert_int_equal(catalog_build(all, default_document_count + count, &catalog), ERR_OK);
	return catalog;
}

static struct catalog *catalog_with_calendar(void)
{
	static const struct document calendar = ROW("calendar", "year_end", 2,
		"{\"utc_offset\":\"+00:00\",\"weekly\":[],\"windows\":[{\"from\":"
		"\"2026-12-20T00:00:00Z\",\"until\":\"2027-01-04T00:00:00Z\"}]}");

	return build_with(&calendar, 1);
}

static enum error parse(const char *text, struct scratch *scratch, struct str *body)
{
	struct catalog *catalog = catalog_with_calendar();
	struct diag *diag = scratch_begin(scratch);
	json_t *json = json_of(text);
	enum error err = policy_parse(json, catalog, &scratch->arena, diag, body);

	json_decref(json);
	catalog_unref(catalog);
	return err;
}

/* Text with ' for ". */
static void assert_body(struct str body, const char *quoted)
{
	char *text = strdup(quoted);

	assert_non_null(text);
	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	assert_string_equal(body.ptr, text);
	free(text);
}

/* Parses, compares, and parses what came of it: the same bytes again. */
static void assert_form(const char *given, const char *written)
{
	struct scratch scratch, again;
	struct str body = STR_NONE, second = STR_NONE;
	enum error err = parse(given, &scratch, &body);

	show_faults(&scratch.diag);
	assert_int_equal(err, ERR_OK);
	assert_body(body, written);
	assert_int_equal(parse(body.ptr, &again, &second), ERR_OK);
	assert_true(str_eq(body, second));
	scratch_end(&scratch);
	scratch_end(&again);
}

#define WRITTEN(effect, rest, when)                                                                \
	"{'name':'p','rules':[{" effect ",'id':'r'," rest "'reason':'why'," when "}]}"

static void test_predicate_forms(void **state)
{
	static const struct {
		const char *given, *written;
	} forms[] = {
		{"{'feature':'severity','ge':'sev2'}", NULL},
		{"{'feature':'effort','lt':2.50}", "{'feature':'effort','lt':2.5}"},
		{"{'eq':true,'feature':'handles_personal_data'}", NULL},
		{"{'feature':'regulatory_due','le':'2026-12-01'}",
			"{'feature':'regulatory_due','le':'2026-12-01T00:00:00Z'}"},
		{"{'feature':'owners','missing':true}", NULL},
		{"{'fact':'stream','in':['incident','feature_request']}", NULL},
		{"{'fact':'team','ne':'pay ments'}", NULL},
		{"{'contains':'security','fact':'labels'}", NULL},
		{"{'fact':'labels','contains':['security']}",
			"{'contains':'security','fact':'labels'}"},
		{"{'contains':['a','b'],'fact':'labels'}", NULL},
		{"{'fact':'due_at','lt':'2026-12-01T02:00:00+02:00'}",
			"{'fact':'due_at','lt':'2026-12-01T00:00:00Z'}"},
		{"{'fact':'created_at','gt':'2026-12-01T00:00:00.25Z'}", NULL},
		{"{'fact':'age_days','ge':-0}", "{'fact':'age_days','ge':0}"},
		{"{'fact':'estimate','in':[1,2.0,3]}", "{'fact':'estimate','in':[1,2,3]}"},
		{"{'days_to':'regulatory_due','le':30}", NULL},
		{"{'fact':'reporter','present':true}", NULL},
		{"{'all':[]}", NULL},
		{"{'not':{'any':[{'all':[]},{'fact':'body','missing':true}]}}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const char *written = forms[i].written ? forms[i].written : forms[i].given;
		char given[512], whole[512];

		snprintf(given, sizeof given,
			"{'name':'p','rules':[{'id':'r','reason':'why','when':%s,'effect':'hold'}]"
			"}",
			forms[i].given);
		snprintf(whole, sizeof whole,
			"{'name':'p','rules':[{'effect':'hold','id':'r','reason':'why','when':%s}]"
			"}",
			written);
		assert_form(given, whole);
	}
}

static void test_effect_forms(void **state)
{
	(void)state;
	assert_form(DOING("'effect':'exclude','from':'2026-01-01T01:00:00+01:00','until':null"),
		WRITTEN("'effect':'exclude','from':'2026-01-01T00:00:00Z'", "",
			"'when':{'all':[]}"));
	assert_form(DOING("'effect':'freeze','calendar':'year_end'"),
		"{'name':'p','rules':[{'calendar':'year_end','effect':'freeze','id':'r','reason':"
		"'why','when':{'all':[]}}]}");
	assert_form(DOING("'effect':'freeze','until':'2026-12-01T00:00:00Z'"),
		WRITTEN("'effect':'freeze'", "",
			"'until':'2026-12-01T00:00:00Z','when':{'all':[]}"));
	assert_form(DOING("'effect':'pin_top'"),
		WRITTEN("'effect':'pin_top'", "", "'when':{'all':[]}"));
	assert_form(DOING("'effect':'at_least_band','band':'ready'"),
		"{'name':'p','rules':[{'band':'ready','effect':'at_least_band','id':'r','reason':"
		"'why','when':{'all':[]}}]}");
	assert_form(DOING("'effect':'not_above','rank':11"),
		WRITTEN("'effect':'not_above'", "'rank':11,", "'when':{'all':[]}"));
	assert_form(DOING("'effect':'limit','at_most':2,'top':20"),
		"{'name':'p','rules':[{'at_most':2,'count':'items','effect':'limit','id':'r','mode'"
		":'enforce','per':'workspace','reason':'why','top':20,'when':{'all':[]}}]}");
	assert_form(DOING("'effect':'limit','at_most':2.5,'top':20,'per':'team','count':'estimate',"
			  "'mode':'warn'"),
		"{'name':'p','rules':[{'at_most':2.5,'count':'estimate','effect':'limit','id':'r',"
		"'mode':'warn','per':'team','reason':'why','top':20,'when':{'all':[]}}]}");
	assert_form(DOING("'effect':'share','at_most':0.4,'top':10"),
		"{'name':'p','rules':[{'at_most':0.4,'effect':'share','id':'r','mode':'enforce',"
		"'reason':'why','top':10,'when':{'all':[]}}]}");
	assert_form(DOING("'effect':'share','at_least':1,'top':10,'mode':'warn'"),
		"{'name':'p','rules':[{'at_least':1,'effect':'share','id':'r','mode':'warn',"
		"'reason':'why','top':10,'when':{'all':[]}}]}");
}

static void test_faults(void **state)
{
	static const struct {
		const char *json, *pointer, *part;
	} faults[] = {
		{"[]", "#", "JSON object"},
		{"{'rules':[]}", "#/name", "required"},
		{"{'name':'p'}", "#/rules", "1 to 256 rules"},
		{"{'name':'p','rules':[],'x':1}", "#/x", "no such field"},
		{POLICY("1"), "#/rules/0", "A rule is an object"},
		{POLICY("{}"), "#/rules/0/id", "required"},
		{POLICY("{}"), "#/rules/0/reason", "required"},
		{POLICY("{}"), "#/rules/0/effect", "\"pin_top\""},
		{POLICY("{}"), "#/rules/0/when", "required"},
		{POLICY("{'id':'No'}"), "#/rules/0/id", "begins with a letter"},
		{POLICY(RULE("{'all':[]}", "'effect':'hold'") "," RULE(
			 "{'all':[]}", "'effect':'hold'")),
			"#/rules/1/id", "already"},
		{DOING("'effect':'hold','y':1"), "#/rules/0/y", "no such field"},
		{DOING("'effect':'hold','band':'ready'"), "#/rules/0/band", "has no band"},
		{DOING("'effect':'limit','at_most':1,'top':5,'at_least':1"), "#/rules/0/at_least",
			"has no at_least"},
		{DOING("'effect':'hold','from':'soon'"), "#/rules/0/from", "RFC 3339"},
		{DOING("'effect':'hold','from':'2026-01-01T00:00:00Z','until':"
		       "'2026-01-01T00:00:00Z'"),
			"#/rules/0/until", "later than from"},
		{DOING("'effect':'at_most_band'"), "#/rules/0/band", "required"},
		{DOING("'effect':'at_most_band','band':'top'"), "#/rules/0/band", "No model"},
		{DOING("'effect':'not_above'"), "#/rules/0/rank", "required"},
		{DOING("'effect':'not_above','rank':1"), "#/rules/0/rank", "from 2"},
		{DOING("'effect':'limit'"), "#/rules/0/at_most", "required"},
		{DOING("'effect':'limit'"), "#/rules/0/top", "required"},
		{DOING("'effect':'limit','at_most':-1,'top':0"), "#/rules/0/at_most", "from 0"},
		{DOING("'effect':'limit','at_most':1,'top':0"), "#/rules/0/top", "from 1"},
		{DOING("'effect':'limit','at_most':1.5,'top':5"), "#/rules/0/at_most", "whole"},
		{DOING("'effect':'limit','at_most':1,'top':5,'per':'x'"), "#/rules/0/per",
			"\"assignee\""},
		{DOING("'effect':'share','top':5"), "#/rules/0", "exactly one"},
		{DOING("'effect':'share','top':5,'at_least':0.1,'at_most':0.2"), "#/rules/0",
			"exactly one"},
		{DOING("'effect':'share','top':5,'at_least':1.1"), "#/rules/0/at_least", "from 0"},
		{DOING("'effect':'share','top':5,'at_least':1,'mode':'x'"), "#/rules/0/mode",
			"\"warn\""},
		{DOING("'effect':'freeze'"), "#/rules/0", "either a calendar"},
		{DOING("'effect':'freeze','calendar':'year_end','until':'2026-01-01T00:00:00Z'"),
			"#/rules/0", "either a calendar"},
		{DOING("'effect':'freeze','calendar':'easter'"), "#/rules/0/calendar",
			"no calendar"},
		/* predicates */
		{ON("1"), "#/rules/0/when", "A predicate is an object"},
		{ON("{}"), "#/rules/0/when", "one of feature, fact"},
		{ON("{'feature':'effort','fact':'team','eq':1}"), "#/rules/0/when",
			"one of feature, fact"},
		{ON("{'feature':'effort'}"), "#/rules/0/when", "one operator"},
		{ON("{'feature':'effort','gt':1,'lt':2}"), "#/rules/0/when", "one operator"},
		{ON("{'feature':'nothing','gt':1}"), "#/rules/0/when/feature", "no feature"},
		{ON("{'fact':'weather','eq':1}"), "#/rules/0/when/fact", "no such fact"},
		{ON("{'feature':'effort','gt':1,'z':1}"), "#/rules/0/when/z", "no such field"},
		{ON("{'feature':'effort','gt':'1'}"), "#/rules/0/when/gt", "a number"},
		{ON("{'feature':'effort','in':1}"), "#/rules/0/when/in", "1 to 1024"},
		{ON("{'feature':'effort','in':[]}"), "#/rules/0/when/in", "1 to 1024"},
		{ON("{'feature':'effort','in':[1,'x']}"), "#/rules/0/when/in/1", "a number"},
		{ON("{'feature':'severity','ge':'sev9'}"), "#/rules/0/when/ge", "categories"},
		{ON("{'feature':'severity','ge':2}"), "#/rules/0/when/ge", "categories"},
		{ON("{'feature':'handles_personal_data','eq':1}"), "#/rules/0/when/eq",
			"true or false"},
		{ON("{'feature':'handles_personal_data','gt':true}"), "#/rules/0/when/gt",
			"eq and ne"},
		{ON("{'feature':'regulatory_due','gt':'tomorrow'}"), "#/rules/0/when/gt", "a date"},
		{ON("{'feature':'owners','eq':'me'}"), "#/rules/0/when/eq", "missing or present"},
		{ON("{'fact':'assignee','eq':'me'}"), "#/rules/0/when/eq", "missing or present"},
		{ON("{'fact':'title','contains':'me'}"), "#/rules/0/when/contains",
			"missing or present"},
		{ON("{'fact':'stream','eq':'sea'}"), "#/rules/0/when/eq", "no stream \"sea\""},
		{ON("{'fact':'kind','in':['bug','bird']}"), "#/rules/0/when/in/1", "no kind"},
		{ON("{'fact':'status','ne':'lost'}"), "#/rules/0/when/ne", "no status"},
		{ON("{'fact':'team','lt':'a'}"), "#/rules/0/when/lt", "no order"},
		{ON("{'fact':'team','eq':''}"), "#/rules/0/when/eq", "1 to 255 bytes"},
		{ON("{'fact':'team','contains':'a'}"), "#/rules/0/when/contains", "Only labels"},
		{ON("{'fact':'labels','eq':'a'}"), "#/rules/0/when/eq", "contains"},
		{ON("{'fact':'labels','missing':false}"), "#/rules/0/when/missing", "is present"},
		{ON("{'fact':'labels','present':1}"), "#/rules/0/when/present", "is missing"},
		{ON("{'days_to':'effort','le':3}"), "#/rules/0/when/days_to", "Only a date"},
		{ON("{'any':[]}"), "#/rules/0/when/any", "at least one"},
		{ON("{'all':{}}"), "#/rules/0/when/all", "list of predicates"},
		{ON("{'not':[]}"), "#/rules/0/when/not", "A predicate is an object"},
		{ON("{'not':{'all':[]},'all':[]}"), "#/rules/0/when/not", "no such field"},
		{ON("{'all':[{'any':[{'all':[]},{'fact':'x','eq':1}]}]}"),
			"#/rules/0/when/all/0/any/1/fact", "no such fact"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct scratch scratch;
		struct str body = STR_NONE;

		if (parse(faults[i].json, &scratch, &body) != ERR_INVALID)
			fail_msg("accepted: %s", faults[i].json);
		assert_fault(&scratch.diag, faults[i].pointer, faults[i].part);
		assert_null(body.ptr);
		scratch_end(&scratch);
	}
}

static void test_all_faults_at_once(void **state)
{
	struct scratch scratch;
	struct str body = STR_NONE;

	(void)state;
	assert_int_equal(
		parse("{'rules':[{'id':'a','effect':'limit','when':{'all':[{'fact':'x','eq':1},"
		      "{'feature':'y','eq':1}]}},{'id':'a','reason':'b','effect':'nothing','when':"
		      "{'feature':'effort','gt':'a'}}]}",
			&scratch, &body),
		ERR_INVALID);
	assert_int_equal(scratch.diag.count, 9);
	scratch_end(&scratch);
}

/* A predicate of `depth` levels, all of them `not` but the last. */
static void nested(struct buf *out, size_t depth)
{
	buf_puts(out, "{'name':'p','rules':[{'id':'r','reason':'w','effect':'hold','when':");
	for (size_t i = 1; i < depth; i++)
		buf_puts(out, "{'not':");
	buf_puts(out, "{'all':[]}");
	for (size_t i = 1; i < depth; i++)
		buf_putc(out, '}');
	buf_puts(out, "}]}");
}

static void wide(struct buf *out, size_t tests)
{
	buf_puts(
		out, "{'name':'p','rules':[{'id':'r','reason':'w','effect':'hold','when':{'any':[");
	for (size_t i = 1; i < tests; i++)
		buf_printf(out, "%s{'fact':'url','missing':true}", i > 1 ? "," : "");
	buf_puts(out, "]}}]}");
}

static void many_rules(struct buf *out, size_t rules)
{
	buf_puts(out, "{'name':'p','rules':[");
	for (size_t i = 0; i < rules; i++)
		buf_printf(out, "%s{'id':'r%zu','reason':'w','effect':'hold','when':{'all':[]}}",
			i > 0 ? "," : "", i);
	buf_puts(out, "]}");
}

/* Limits and shares in turn, and rules of another effect between them. */
static void many_places(struct buf *out, size_t rules)
{
	static const char *const effects[] = {"'effect':'limit','top':10,'at_most':1",
		"'effect':'share','top':10,'at_most':0.5",
		"'effect':'share','top':10,'at_least':0.5"};

	buf_puts(out, "{'name':'p','rules':[");
	for (size_t i = 0; i < rules; i++)
		buf_printf(out,
			"%s{'id':'r%zu','reason':'w',%s,'when':{'all':[]}},"
			"{'id':'h%zu','reason':'w','effect':'hold','when':{'all':[]}}",
			i > 0 ? "," : "", i, effects[i % 3], i);
	buf_puts(out, "]}");
}

static void test_limits(void **state)
{
	static const struct {
		void (*make)(struct buf *out, size_t size);
		size_t most;
		const char *part;
	} limits[] = {
		{nested, WN_PREDICATE_MAX_DEPTH, "16 levels"},
		{wide, WN_PREDICATE_MAX_TESTS, "at most 256 tests"},
		{many_rules, WN_MAX_RULES, "1 to 256 rules"},
		{many_places, WN_MAX_PLACE_RULES, "at most 64 rules"},
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (size_t beyond = 0; beyond < 2; beyond++) {
			struct buf text = BUF_INIT;
			struct str body = STR_NONE;
			struct scratch scratch;
			enum error err;

			limits[i].make(&text, limits[i].most + beyond);
			err = parse(text.data, &scratch, &body);
			assert_int_equal(err, beyond ? ERR_INVALID : ERR_OK);
			if (beyond) {
				assert_int_equal(scratch.diag.count, 1);
				assert_non_null(
					strstr(scratch.diag.entries[0].detail, limits[i].part));
			}
			scratch_end(&scratch);
			buf_release(&text);
		}
	}
}

#define HOLD(when)                                                                                 \
	"{\"name\":\"p\",\"rules\":[{\"effect\":\"hold\",\"id\":\"r\",\"reason\":\"w\",\"when\":"  \
	"{" when "}}]}"
static void test_sensitive_and_bands(void **state)
{
	char secret[256];
	struct document more[] = {
		ROW("feature", "secret", 2, ""),
		ROW("model", "2", 3,
			"{\"bands\":[{\"name\":\"all\"}],\"kind\":\"weighted_sum\",\"name\":\"m\","
			"\"pins\":{\"user_impact\":1},\"terms\":[{\"feature\":\"user_impact\","
			"\"scale\":\"unit\",\"unknown\":\"span\",\"weight\":1}]}"),
		ROW("alias", "active", 4, "{\"model\":2}"),
	};
	struct catalog *catalog = default_catalog();
	json_t *json = json_of("{'name':'p','rules':["
			       "{'id':'a','reason':'w','effect':'hold','when':{'feature':'secret',"
			       "'present':true}},"
			       "{'id':'b','reason':'w','effect':'at_most_band','band':'ready',"
			       "'when':{'all':[]}},"
			       "{'id':'c','reason':'w','effect':'at_most_band','band':'all',"
			       "'when':{'all':[]}}]}");
	struct policy_version policy;
	struct str body = STR_NONE;
	struct scratch scratch;
	struct diag *diag = scratch_begin(&scratch);

	(void)state;
	snprintf(secret, sizeof secret,
		"{\"description\":\"d\",\"family\":\"effort\",\"id\":%zu,\"sensitive\":true,"
		"\"type\":\"text\"}",
		catalog->feature_count);
	catalog_unref(catalog);
	more[0].body = str_from(secret);
	catalog = build_with(more, 3);
	assert_int_equal(policy_parse(json, catalog, &scratch.arena, diag, &body), ERR_INVALID);
	assert_int_equal(diag->count, 1);
	assert_fault(diag, "#/rules/1/band", "active model has no band");
	json_array_remove(json_object_get(json, "rules"), 1);
	diag_init(diag, &scratch.arena);
	assert_int_equal(policy_candidate(json, catalog, &scratch.arena, diag, &policy), ERR_OK);
	assert_true(policy_is_sensitive(&policy, catalog));
	assert_true(rule_is_sensitive(&policy.rules[0].rule, catalog));
	assert_false(rule_is_sensitive(&policy.rules[1].rule, catalog));
	scratch_end(&scratch);
	json_decref(json);
	catalog_unref(catalog);
}

/* ---- stored ---- */

static uint32_t symbol_by_length(void *self, struct str word)
{
	(void)self;
	return (uint32_t)word.len;
}

#define STORED                                                                                     \
	"{\"name\":\"p\",\"rules\":["                                                              \
	"{\"effect\":\"hold\",\"id\":\"gone-word\",\"reason\":\"w\",\"when\":{\"eq\":\"sea\","     \
	"\"fact\":\"stream\"}},"                                                                   \
	"{\"band\":\"gone\",\"effect\":\"at_most_band\",\"id\":\"gone-band\",\"reason\":\"w\","    \
	"\"when\":{\"all\":[]}},"                                                                  \
	"{\"calendar\":\"gone\",\"effect\":\"freeze\",\"id\":\"gone-calendar\",\"reason\":\"w\","  \
	"\"when\":{\"all\":[]}},"                                                                  \
	"{\"calendar\":\"year_end\",\"effect\":\"freeze\",\"id\":\"frozen\",\"reason\":\"w\","     \
	"\"when\":{\"contains\":[\"abcd\",\"ab\"],\"fact\":\"labels\"}},"                          \
	"{\"band\":\"icebox\",\"effect\":\"at_most_band\",\"id\":\"band\",\"reason\":\"w\","       \
	"\"when\":{\"feature\":\"effort\",\"in\":[5,3,4]}}]}"

static void test_stored_and_bound(void **state)
{
	static const struct document more[] = {
		ROW("policy", "1", 5, STORED),
		ROW("policy", "2", 6, HOLD("\"all\":[]")),
		ROW("policy_alias", "active", 7, "{\"policy\":2}"),
		ROW("policy_alias", "active", 8, "{\"policy\":1}"),
		ROW("policy_alias", "candidate", 9, "{\"policy\":null}"),
		ROW("calendar", "year_end", 2,
			"{\"windows\":[{\"from\":\"1970-01-01T00:00:10Z\",\"until\":"
			"\"1970-01-01T00:00:20Z\"}]}"),
	};
	struct catalog *catalog = build_with(more, 6);
	const struct policy_version *policy = catalog_policy(catalog, 1);
	const struct wn_model *model = &catalog_model(catalog, 1)->model;
	struct word_lookup words = {symbol_by_length, NULL};
	struct buf out = BUF_INIT;
	struct scratch scratch;
	struct wn_policy bound;

	(void)state;
	assert_non_null(policy);
	assert_ptr_equal(catalog_policy_named(catalog, STR("active")), policy);
	assert_null(catalog_policy_named(catalog, STR("candidate")));
	assert_null(catalog_policy_named(catalog, STR("other")));
	assert_null(catalog_policy(catalog, 0));
	assert_null(catalog_policy(catalog, 3));
	assert_int_equal(catalog->policy_alias_count, 2);

	scratch_begin(&scratch);
	assert_true(policy_bind(policy, catalog, model, 15, &words, &scratch.arena, &bound));
	assert_int_equal(bound.rule_count, 5);
	assert_int_equal(bound.rules[0].tests[0].symbols[0], 3);
	assert_true(wn_rule_in_force(&bound.rules[0], 15));
	assert_false(wn_rule_in_force(&bound.rules[1], 15));
	assert_false(wn_rule_in_force(&bound.rules[2], 15));
	assert_true(wn_rule_in_force(&bound.rules[3], 15));
	assert_true(bound.rules[3].from_s == 10 && bound.rules[3].until_s == 20);
	assert_int_equal(bound.rules[3].tests[0].count, 2);
	/* Lists ascend, in whatever order they were written. */
	assert_int_equal(bound.rules[3].tests[0].symbols[0], 2);
	assert_int_equal(bound.rules[3].tests[0].symbols[1], 4);
	for (size_t i = 0; i < 3; i++)
		assert_true(bound.rules[4].tests[0].numbers[i] == 3 + (double)i);
	assert_int_equal(bound.rules[4].band, 2);
	assert_true(policy_bind(policy, catalog, model, 25, &words, &scratch.arena, &bound));
	assert_false(wn_rule_in_force(&bound.rules[3], 25));

	policy_write(&out, catalog_policy(catalog, 2));
	assert_string_equal(out.data,
		"{\"version\":2,\"revision\":6,\"name\":\"p\",\"rules\":[{\"effect\":"
		"\"hold\",\"id\":\"r\",\"reason\":\"w\",\"when\":{\"all\":[]}}]}");
	buf_release(&out);
	scratch_end(&scratch);
	catalog_unref(catalog);
}

/* What a deleted feature has left behind is not looked at. */
/* Between what changes at a time nothing does; what looks at the age changes while it is in force. */
static void test_lull(void **state)
{
	static const struct document more[] = {
		ROW("policy", "1", 5,
			"{\"name\":\"p\",\"rules\":["
			"{\"calendar\":\"c\",\"effect\":\"freeze\",\"id\":\"a\",\"reason\":\"w\","
			"\"when\":{\"all\":[]}},"
			"{\"effect\":\"hold\",\"from\":\"1970-01-01T00:00:40Z\",\"id\":\"b\","
			"\"reason\":\"w\",\"until\":\"1970-01-01T00:01:00Z\","
			"\"when\":{\"fact\":\"age_days\",\"ge\":1}}]}"),
		ROW("calendar", "c", 2,
			"{\"windows\":[{\"from\":\"1970-01-01T00:00:10Z\",\"until\":"
			"\"1970-01-01T00:00:20Z\"}]}"),
	};
	static const struct lull expected[] = {
		{5, -INFINITY, 10},
		{10, 10, 20},
		{19, 10, 20},
		{20, 20, 40},
		{40, 40, 40},
		{55, 55, 55},
		{60, 60, INFINITY},
	};
	struct catalog *catalog = build_with(more, 2);

	(void)state;
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		struct lull lull = ranking_lull(catalog_model(catalog, 1),
			catalog_policy(catalog, 1), catalog, expected[i].now_s);

		if (lull.from_s != expected[i].from_s || lull.until_s != expected[i].until_s)
			fail_msg("at %.0f: from %.0f until %.0f", lull.now_s, lull.from_s,
				lull.until_s);
	}
	catalog_unref(catalog);
}

static void test_deleted_feature(void **state)
{
	struct document more[2] = {
		ROW("policy", "1", 3, HOLD("\"feature\":\"owners\",\"present\":true")),
		ROW("feature", "owners", 4, "")};
	struct catalog *catalog = build_with(more, 1);
	struct word_lookup words = {symbol_by_length, NULL};
	uint16_t id = catalog_feature(catalog, STR("owners"))->id;
	struct scratch scratch;
	struct diag *diag = scratch_begin(&scratch);
	struct str body = STR_NONE;
	struct wn_policy bound;
	json_t *json;

	(void)state;
	assert_true(policy_bind(catalog_policy(catalog, 1), catalog,
		&catalog_model(catalog, 1)->model, 0, &words, &scratch.arena, &bound));
	assert_int_equal(bound.rules[0].tests[0].index, id);
	assert_int_equal(feature_deleted_body(catalog_feature(catalog, STR("owners")),
				 &scratch.arena, &more[1].body),
		ERR_OK);
	catalog_unref(catalog);
	catalog = build_with(more, 2);
	assert_true(policy_bind(catalog_policy(catalog, 1), catalog,
		&catalog_model(catalog, 1)->model, 0, &words, &scratch.arena, &bound));
	assert_int_equal(bound.rules[0].tests[0].index, UINT32_MAX);
	json = json_of(ON("{'feature':'owners','present':true}"));
	assert_int_equal(policy_parse(json, catalog, &scratch.arena, diag, &body), ERR_INVALID);
	assert_fault(diag, "#/rules/0/when/feature", "no feature");
	json_decref(json);
	scratch_end(&scratch);
	catalog_unref(catalog);
}

static void test_damage_is_refused(void **state)
{
	static const struct document damaged[] = {
		ROW("policy", "2", 2, HOLD("\"all\":[]")),
		ROW("policy", "1", 2, HOLD("\"fact\":\"url\"")),
		ROW("policy", "1", 2, HOLD("\"feature\":\"no\",\"missing\":true")),
		ROW("policy", "one", 2, HOLD("\"all\":[]")),
		ROW("policy_alias", "active", 2, "{\"policy\":1}"),
		ROW("policy_alias", "active", 2, "{}"),
		ROW("calendar", "c", 2, "{\"utc_offset\":\"noon\"}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
		struct document all[64];
		struct catalog *catalog;

		memcpy(all, default_documents, default_document_count * sizeof *all);
		all[default_document_count] = damaged[i];
		assert_int_equal(
			catalog_build(all, default_document_count + 1, &catalog), ERR_INTERNAL);
	}
}

static void test_presets(void **state)
{
	const struct preset *preset = preset_named("policy", STR("field_guards"));
	struct scratch scratch, again;
	struct str body = STR_NONE, second = STR_NONE;

	(void)state;
	assert_non_null(preset);
	if (parse(preset->body, &scratch, &body) != ERR_OK)
		show_faults(&scratch.diag);
	assert_non_null(body.ptr);
	assert_int_equal(parse(body.ptr, &again, &second), ERR_OK);
	assert_true(str_eq(body, second));
	scratch_end(&scratch);
	scratch_end(&again);
}

/* What docs/policy.md shows: policies, a predicate, a calendar. */
static void check_documented(const json_t *json)
{
	struct catalog *catalog = default_catalog();
	struct str body = STR_NONE;
	struct scratch scratch;
	struct diag *diag = scratch_begin(&scratch);
	json_t *policy;
	enum error err;

	if (json_object_get(json, "weekly")) {
		err = calendar_parse(json, &scratch.arena, diag, &body);
	} else if (json_object_get(json, "rules")) {
		err = policy_parse(json, catalog, &scratch.arena, diag, &body);
	} else {
		policy = json_of(ON("{'all':[]}"));
		json_object_set_new(json_array_get(json_object_get(policy, "rules"), 0), "when",
			json_deep_copy(json));
		err = policy_parse(policy, catalog, &scratch.arena, diag, &body);
		json_decref(policy);
	}
	show_faults(diag);
	assert_int_equal(err, ERR_OK);
	scratch_end(&scratch);
	catalog_unref(catalog);
}

static void test_documented(void **state)
{
	static const char fence[] = "\n```json\n";
	FILE *file = fopen("docs/policy.md", "rb");
	char bytes[65536];
	char *at = bytes;
	size_t size, examples = 0;

	(void)state;
	assert_non_null(file);
	size = fread(bytes, 1, sizeof bytes - 1, file);
	fclose(file);
	bytes[size] = '\0';
	for (; (at = strstr(at, fence)); examples++) {
		char *end = strstr(at + 1, "\n```\n");
		struct scratch scratch;
		json_t *json = NULL;

		assert_non_null(end);
		at += sizeof fence - 1;
		scratch_begin(&scratch);
		json_parse((struct str){at, (size_t)(end - at)}, 1, "", &scratch.diag, &json);
		show_faults(&scratch.diag);
		assert_non_null(json);
		check_documented(json);
		json_decref(json);
		scratch_end(&scratch);
	}
	assert_int_equal(examples, 3);
}

static void test_sprints(void **state)
{
	static const struct {
		const char *members, *fault;
		unsigned days;
		int64_t start_s;
	} cases[] = {
		{"", NULL, 14, 4 * 86400},
		{",'sprint_days':null,'sprint_start':null", NULL, 14, 4 * 86400},
		{",'sprint_days':21,'sprint_start':'2024-02-29'", NULL, 21, 1709164800},
		{",'sprint_days':0", "#/sprint_days", 0, 0},
		{",'sprint_days':43", "#/sprint_days", 0, 0},
		{",'sprint_start':'2025-02-29'", "#/sprint_start", 0, 0},
		{",'sprint_start':'yesterday!'", "#/sprint_start", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct document document = {STR("settings"), STR("workspace"), STR_NONE, 2};
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);
		struct catalog *catalog;
		char text[256];
		json_t *json;

		snprintf(text, sizeof text,
			"{'streams':['s'],'kinds':['k'],'statuses':[{'name':'n','class':'todo'}]%"
			"s}",
			cases[i].members);
		json = json_of(text);
		assert_int_equal(settings_parse(json, &scratch.arena, diag, &document.body),
			cases[i].fault ? ERR_INVALID : ERR_OK);
		json_decref(json);
		if (cases[i].fault) {
			assert_string_equal(diag->entries[0].pointer, cases[i].fault);
		} else {
			catalog = build_with(&document, 1);
			assert_int_equal(catalog->sprint_days, cases[i].days);
			assert_int_equal(catalog->sprint_start_s, cases[i].start_s);
			catalog_unref(catalog);
		}
		scratch_end(&scratch);
	}
}

static void test_override_days(void **state)
{
	static const struct {
		const char *member;
		enum error err;
	} cases[] = {{"", ERR_OK}, {",'override_max_days':null", ERR_OK},
		{",'override_max_days':3650", ERR_OK}, {",'override_max_days':0", ERR_INVALID},
		{",'override_max_days':3651", ERR_INVALID},
		{",'override_max_days':1.5", ERR_INVALID}};
	static const unsigned expected[] = {90, 90, 3650};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct document document = {STR("settings"), STR("workspace"), STR_NONE, 2};
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);
		struct catalog *catalog;
		char text[256];
		json_t *json;

		snprintf(text, sizeof text,
			"{'streams':['s'],'kinds':['k'],'statuses':[{'name':'n','class':'todo'}]%"
			"s}",
			cases[i].member);
		json = json_of(text);
		assert_int_equal(
			settings_parse(json, &scratch.arena, diag, &document.body), cases[i].err);
		json_decref(json);
		if (cases[i].err == ERR_OK) {
			assert_null(strstr(document.body.ptr, "null"));
			catalog = build_with(&document, 1);
			assert_int_equal(catalog->override_max_days, expected[i]);
			catalog_unref(catalog);
		} else {
			assert_fault(diag, "#/override_max_days", "Must be");
		}
		scratch_end(&scratch);
	}
}

static void test_out_of_memory(void **state)
{
	const char *text = preset_named("policy", STR("field_guards"))->body;
	struct catalog *catalog = catalog_with_calendar();
	json_t *json = json_of(text);
	long n;

	(void)state;
	for (n = 0;; n++) {
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);
		struct str body = STR_NONE;
		enum error err;
		bool failed;

		oom_begin(n);
		err = policy_parse(json, catalog, &scratch.arena, diag, &body);
		failed = oom_end();
		assert_int_equal(err, failed ? ERR_NO_MEMORY : ERR_OK);
		scratch_end(&scratch);
		if (!failed)
			break;
	}
#ifndef OOM_OFF
	assert_true(n > 50);
#endif
	json_decref(json);
	catalog_unref(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_predicate_forms),
		cmocka_unit_test(test_effect_forms),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_all_faults_at_once),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_sensitive_and_bands),
		cmocka_unit_test(test_stored_and_bound),
		cmocka_unit_test(test_lull),
		cmocka_unit_test(test_deleted_feature),
		cmocka_unit_test(test_damage_is_refused),
		cmocka_unit_test(test_presets),
		cmocka_unit_test(test_documented),
		cmocka_unit_test(test_sprints),
		cmocka_unit_test(test_override_days),
		cmocka_unit_test(test_out_of_memory),
	};

	json_init();
	return cmocka_run_group_tests_name("codec/policy_json", tests, NULL, NULL);
}
