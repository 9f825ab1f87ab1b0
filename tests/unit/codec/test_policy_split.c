/*
 * Policies put together from others: what comes of them as text, what is refused, and that every item is
 * judged as its part's version alone would judge it.
 */
#include "codec/catalog_support.h"

#include "base/out_of_memory.h"
#include "base/random.h"

enum { MAX_DOCUMENTS = 64, STREAMS = 4, TEAMS = 3, POOL = 10 };

#define HOLD(id, when) "{'effect':'hold','id':'" id "','reason':'w','when':" when "}"
#define EVERY "{'all':[]}"
#define BUGS "{'eq':'engineering_bug','fact':'stream'}"
#define LIMIT(at_most, per, when)                                                                  \
	"{'at_most':" at_most ",'count':'items','effect':'limit','id':'lane','mode':'enforce',"    \
	"'per':'" per "','reason':'w','top':20,'when':" when "}"

static char *double_quoted(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	return copy;
}

/* The default catalogue with policies 1, 2 …, of these rules. */
static struct catalog *catalog_with(const char *const *rules, size_t count)
{
	static const char *const numbers[] = {"1", "2", "3", "4"};
	struct document all[MAX_DOCUMENTS];
	char *bodies[4];
	struct catalog *catalog = NULL;

	memcpy(all, default_documents, default_document_count * sizeof *all);
	for (size_t i = 0; i < count; i++) {
		struct buf text = BUF_INIT;

		buf_printf(&text, "{'name':'p','rules':[%s]}", rules[i]);
		bodies[i] = double_quoted(text.data);
		buf_release(&text);
		all[default_document_count + i] = (struct document){
			STR("policy"), str_from(numbers[i]), str_from(bodies[i]), 5 + (int64_t)i};
	}
	assert_int_equal(catalog_build(all, default_document_count + count, &catalog), ERR_OK);
	for (size_t i = 0; i < count; i++)
		free(bodies[i]);
	return catalog;
}

static enum error join(
	const struct catalog *catalog, const char *split, struct scratch *scratch, struct str *body)
{
	struct buf text = BUF_INIT;
	struct diag *diag = scratch_begin(scratch);
	enum error err;
	json_t *json;

	buf_printf(&text, "{'name':'j','split':%s}", split);
	json = json_of(text.data);
	buf_release(&text);
	*body = STR_NONE;
	err = policy_parse(json, catalog, &scratch->arena, diag, body);
	json_decref(json);
	return err;
}

static void assert_joined(const char *const *rules, const char *split, const char *expected)
{
	struct catalog *catalog = catalog_with(rules, 2);
	struct buf text = BUF_INIT;
	struct scratch scratch;
	struct str body;
	char *wanted;

	if (join(catalog, split, &scratch, &body) != ERR_OK)
		show_faults(&scratch.diag);
	buf_printf(&text, "{'name':'j','rules':[%s],'split':%s}", expected, split);
	wanted = double_quoted(text.data);
	assert_non_null(body.ptr);
	assert_string_equal(body.ptr, wanted);
	free(wanted);
	buf_release(&text);
	scratch_end(&scratch);
	catalog_unref(catalog);
}

/* What all versions say is said once; the rest is bound, its version behind its id. */
static void test_bound(void **state)
{
	static const char *const rules[] = {
		HOLD("same", EVERY) "," HOLD("old", "{'fact':'team','missing':true}"),
		HOLD("same", EVERY) "," HOLD("old", EVERY)};

	(void)state;
	assert_joined(rules, "[{'policy':2,'streams':['incident','engineering_bug']},{'policy':1}]",
		HOLD("same", EVERY) "," HOLD("old-v2", "{'all':[{'fact':'stream','in':['incident','"
						       "engineering_bug']}]}") "," HOLD("old-v1",
			"{'all':[{'not':{'fact':'stream','in':['incident',"
			"'engineering_bug']}},{'fact':'team','missing':true}]}"));
	assert_joined(rules, "[{'policy':1,'streams':['incident'],'teams':['a']},{'policy':2}]",
		HOLD("same", EVERY) "," HOLD("old-v1",
			"{'all':[{'any':[{'fact':'stream','in':['incident']},{'fact':'team','in':["
			"'a']}]},{'fact':'team','missing':true}]}") "," HOLD("old-v2",
			"{'all':[{'not':{'any':[{'fact':'stream','in':['incident']},{'fact':"
			"'team','in':['a']}]}}]}"));
}

/* A rule that looks at streams itself is of its part already, or of none of its items; so may be one that
 * counts places. */
static void test_inside_and_outside(void **state)
{
	static const char *const rules[] = {HOLD("a", BUGS) "," LIMIT("2", "workspace", BUGS),
		HOLD("a", "{'all':[{'fact':'team','missing':true}," BUGS "]}") "," LIMIT(
			"5", "workspace", BUGS)};
	static const char *const groups[] = {
		LIMIT("2", "stream", EVERY), LIMIT("3", "stream", EVERY)};

	(void)state;
	assert_joined(rules, "[{'policy':2,'streams':['engineering_bug']},{'policy':1}]",
		HOLD("a-v2", "{'all':[{'fact':'team','missing':true}," BUGS
			     "]}") ","
				   "{'at_most':5,'count':'items','effect':'limit','id':'lane-v2','"
				   "mode':'enforce',"
				   "'per':'workspace','reason':'w','top':20,'when':" BUGS "}");
	assert_joined(rules, "[{'policy':2,'streams':['incident']},{'policy':1}]",
		HOLD("a-v1", BUGS) ","
				   "{'at_most':2,'count':'items','effect':'limit','id':'lane-v1','"
				   "mode':'enforce',"
				   "'per':'workspace','reason':'w','top':20,'when':" BUGS "}");
	assert_joined(groups, "[{'policy':2,'streams':['incident']},{'policy':1}]",
		"{'at_most':3,'count':'items','effect':'limit','id':'lane-v2','mode':'enforce',"
		"'per':'stream','reason':'w','top':20,'when':{'all':[{'fact':'stream','in':["
		"'incident']}]}},"
		"{'at_most':2,'count':'items','effect':'limit','id':'lane-v1','mode':'enforce',"
		"'per':'stream','reason':'w','top':20,'when':{'all':[{'not':{'fact':'stream','in':["
		"'incident']}}]}}");
}

static void test_faults(void **state)
{
	static const char *const rules[] = {
		LIMIT("2", "workspace", EVERY) "," HOLD(
			"a23456789-123456789-123456789-123456789-123456789-123456789-12", BUGS),
		LIMIT("3", "workspace", EVERY), LIMIT("2", "stream", EVERY)};
	static const struct {
		const char *split, *pointer, *part;
	} cases[] = {
		{"{}", "#/split", "2 to 8"},
		{"[{'policy':1}]", "#/split", "2 to 8"},
		{"[7,{'policy':1}]", "#/split/0", "object"},
		{"[{'streams':['incident']},{'policy':1}]", "#/split/0/policy", "required"},
		{"[{'policy':9,'streams':['incident']},{'policy':1}]", "#/split/0/policy",
			"no policy version 9"},
		{"[{'policy':1,'streams':['incident']},{'policy':1}]", "#/split/1/policy",
			"already"},
		{"[{'policy':1,'streams':['sea']},{'policy':2}]", "#/split/0/streams/0",
			"no stream"},
		{"[{'policy':1,'streams':['incident','incident']},{'policy':2}]",
			"#/split/0/streams/1", "already"},
		{"[{'policy':1,'teams':['a']},{'policy':2,'teams':['a']},{'policy':3}]",
			"#/split/1/teams/0", "already"},
		{"[{'policy':1},{'policy':2}]", "#/split/0", "but the last"},
		{"[{'policy':1,'teams':['a']},{'policy':2,'teams':['b']}]", "#/split/1", "rest"},
		{"[{'policy':1,'weight':1,'teams':['a']},{'policy':2}]", "#/split/0/weight",
			"no such"},
		/* Two of the whole queue's, in each part. */
		{"[{'policy':1,'streams':['incident']},{'policy':2}]", "#/split/0", "\"lane\""},
		{"[{'policy':1,'streams':['incident']},{'policy':2}]", "#/split/1", "\"lane\""},
		{"[{'policy':3,'teams':['a']},{'policy':2}]", "#/split/0", "whole queue"},
		{"[{'policy':1,'streams':['engineering_bug']},{'policy':2}]", "#/split/0",
			"too long"},
	};
	struct catalog *catalog = catalog_with(rules, 3);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scratch scratch;
		struct str body;

		assert_int_equal(join(catalog, cases[i].split, &scratch, &body), ERR_INVALID);
		assert_null(body.ptr);
		assert_fault(&scratch.diag, cases[i].pointer, cases[i].part);
		scratch_end(&scratch);
	}
	catalog_unref(catalog);
}

/* What comes of it is judged too, and said of the split. */
static void test_faults_of_the_whole(void **state)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	const char *rules[2];
	struct catalog *catalog;
	struct scratch scratch;
	struct str body;

	(void)state;
	for (int i = 0; i < 130; i++) {
		buf_printf(&first, "%s{'effect':'hold','id':'r%d','reason':'w','when':" EVERY "}",
			i ? "," : "", i);
		buf_printf(&second, "%s{'effect':'hold','id':'r%d','reason':'x','when':" EVERY "}",
			i ? "," : "", i);
	}
	rules[0] = first.data;
	rules[1] = second.data;
	catalog = catalog_with(rules, 2);
	assert_int_equal(join(catalog, "[{'policy':1,'streams':['incident']},{'policy':2}]",
				 &scratch, &body),
		ERR_INVALID);
	assert_fault(&scratch.diag, "#/split", "1 to 256 rules");
	scratch_end(&scratch);
	catalog_unref(catalog);
	buf_release(&first);
	buf_release(&second);
}

/* ---- against each version by itself ---- */

static const char *const streams[STREAMS] = {
	"model_quality", "engineering_bug", "feature_request", "incident"};
static const char *const teams[TEAMS] = {"a", "b", "c"};
static const char *const pool[POOL] = {EVERY, "{'fact':'stream','eq':'incident'}",
	"{'fact':'stream','in':['incident','model_quality']}", "{'fact':'team','eq':'a'}",
	"{'not':{'fact':'stream','eq':'incident'}}",
	"{'any':[{'fact':'stream','eq':'incident'},{'fact':'team','eq':'b'}]}",
	"{'all':[{'fact':'stream','eq':'model_quality'},{'fact':'team','eq':'a'}]}",
	"{'fact':'team','missing':true}", "{'fact':'team','in':['a','b']}",
	"{'all':[{'fact':'stream','ne':'incident'},{'fact':'team','in':['b','c']}]}"};

/* Places in the two lists, counted from 1. */
static uint32_t symbol_of(void *self, struct str word)
{
	(void)self;
	for (uint32_t i = 0; i < STREAMS; i++) {
		if (str_is(word, streams[i]))
			return 1 + i;
	}
	for (uint32_t i = 0; i < TEAMS; i++) {
		if (str_is(word, teams[i]))
			return 1 + STREAMS + i;
	}
	return WN_UNSEEN_SYMBOL;
}

enum { ITEMS = STREAMS * (TEAMS + 1) };
struct items {
	uint32_t stream[ITEMS], team[ITEMS];
	struct wn_rows rows;
	struct wn_population population;
};

static void items_init(struct items *items)
{
	for (size_t i = 0; i < ITEMS; i++) {
		items->stream[i] = (uint32_t)(1 + i % STREAMS);
		items->team[i] =
			i < STREAMS ? (uint32_t)WN_NO_SYMBOL : (uint32_t)(STREAMS + i / STREAMS);
	}
	items->rows = (struct wn_rows){
		.rows = ITEMS, .words = {[WN_STREAM] = items->stream, [WN_TEAM] = items->team}};
	items->population = (struct wn_population){
		.rows = ITEMS, .blocks = &items->rows, .block_count = 1, .block_rows = ITEMS};
}

/* For each item, the rules of the pool that hit it: one bit each, by the number in their ids. Of a joined
 * policy those that are bound have to be of the item's own version. */
static void hits_of(const struct policy_version *policy, const struct catalog *catalog,
	const struct items *items, const int64_t *version_of, unsigned *out)
{
	struct word_lookup words = {symbol_of, NULL};
	struct scratch scratch;
	struct wn_policy bound;
	struct wn_hits hits;

	scratch_begin(&scratch);
	assert_true(policy_bind(policy, catalog, &catalog_model(catalog, 1)->model, 0, &words,
		&scratch.arena, &bound));
	assert_true(wn_policy_apply(&bound, &items->population, 0, &hits));
	memset(out, 0, ITEMS * sizeof *out);
	for (size_t r = 0; r < policy->rule_count; r++) {
		const char *id = policy->rules[r].id.ptr, *version = strstr(id, "-v");

		for (size_t i = 0; i < ITEMS; i++) {
			if (!wn_hit(&hits, r, i))
				continue;
			assert_true(!version || atoll(version + 2) == version_of[i]);
			out[i] |= 1U << atoi(id + 1);
		}
	}
	wn_hits_release(&hits);
	scratch_end(&scratch);
}

/* Versions 1 to 3, each with some of the pool; the reasons make two of one number differ. */
static struct catalog *random_catalog(void)
{
	struct buf rules[3] = {BUF_INIT, BUF_INIT, BUF_INIT};
	const char *texts[3];
	struct catalog *catalog;

	for (size_t v = 0; v < 3; v++) {
		for (int k = 0; k < POOL; k++) {
			if (k > 0 && random_below(2))
				continue;
			buf_printf(&rules[v],
				"%s{'effect':'hold','id':'r%d','reason':'%c','when':%s}",
				k ? "," : "", k, "xy"[random_below(2)], pool[k]);
		}
		texts[v] = rules[v].data;
	}
	catalog = catalog_with(texts, 3);
	for (size_t v = 0; v < 3; v++)
		buf_release(&rules[v]);
	return catalog;
}

/* Version 1 for the first part, 2 for the second, 3 for the rest; each stream and team is of one or none. */
static void random_split(struct buf *text, const struct items *items, int64_t *version_of)
{
	static const char *const keys[] = {"streams", "teams"};
	unsigned mode = (unsigned)random_below(3); /* streams, teams, both */
	unsigned part[STREAMS + TEAMS];
	unsigned named[2] = {0, 0};

	do {
		named[0] = named[1] = 0;
		for (unsigned w = 0; w < STREAMS + TEAMS; w++) {
			bool used = mode == 2 || (w < STREAMS) == (mode == 0);

			part[w] = used ? (unsigned)random_below(3) : 2;
			if (part[w] < 2)
				named[part[w]]++;
		}
	} while (!named[0] || !named[1]);
	for (size_t i = 0; i < ITEMS; i++) {
		unsigned by_stream = part[items->stream[i] - 1];
		unsigned by_team = items->team[i] ? part[items->team[i] - 1] : 2;

		version_of[i] = 1 + (by_stream < by_team ? by_stream : by_team);
	}
	for (unsigned p = 0; p < 2; p++) {
		buf_printf(text, "%s{'policy':%u", p ? "," : "[", p + 1);
		for (unsigned k = 0; k < 2; k++) {
			unsigned from = k ? STREAMS : 0, to = k ? STREAMS + TEAMS : STREAMS;
			const char *between = "";

			buf_printf(text, ",'%s':[", keys[k]);
			for (unsigned w = from; w < to; w++) {
				if (part[w] != p)
					continue;
				buf_printf(text, "%s'%s'", between,
					w < STREAMS ? streams[w] : teams[w - STREAMS]);
				between = ",";
			}
			buf_puts(text, "]");
		}
		buf_puts(text, "}");
	}
	buf_puts(text, ",{'policy':3}]");
}

static void test_each_item_by_its_version(void **state)
{
	struct items items;

	(void)state;
	random_begin("each_item_by_its_version");
	items_init(&items);
	for (size_t round = 0; round < 60; round++) {
		struct catalog *catalog = random_catalog();
		unsigned joined[ITEMS], alone[3][ITEMS];
		struct buf split = BUF_INIT;
		int64_t version_of[ITEMS];
		struct policy_version policy;
		struct scratch scratch;
		json_t *json;

		random_split(&split, &items, version_of);
		scratch_begin(&scratch);
		json = json_of(split.data);
		json = json_pack("{s:s,s:o}", "name", "j", "split", json);
		if (policy_candidate(json, catalog, &scratch.arena, &scratch.diag, &policy))
			show_faults(&scratch.diag);
		assert_int_equal(scratch.diag.count, 0);
		assert_int_equal(policy.part_count, 3);
		hits_of(&policy, catalog, &items, version_of, joined);
		for (int64_t v = 1; v <= 3; v++)
			hits_of(catalog_policy(catalog, v), catalog, &items, version_of,
				alone[v - 1]);
		for (size_t i = 0; i < ITEMS; i++)
			assert_int_equal(joined[i], alone[version_of[i] - 1][i]);
		json_decref(json);
		buf_release(&split);
		scratch_end(&scratch);
		catalog_unref(catalog);
	}
}

/* ---- stored ---- */

static void test_stored(void **state)
{
	static const char *const rules[] = {HOLD("a", EVERY), HOLD("b", EVERY)};
	struct catalog *catalog = catalog_with(rules, 2), *later = NULL;
	struct document all[MAX_DOCUMENTS];
	const struct policy_version *policy;
	struct scratch scratch;
	struct str body;

	(void)state;
	assert_int_equal(
		join(catalog, "[{'policy':2,'teams':['a']},{'policy':1}]", &scratch, &body),
		ERR_OK);
	memcpy(all, default_documents, default_document_count * sizeof *all);
	for (size_t i = 0; i < 2; i++)
		all[default_document_count + i] = (struct document){STR("policy"),
			i ? STR("2") : STR("1"), catalog_policy(catalog, (int64_t)i + 1)->body, 5};
	all[default_document_count + 2] = (struct document){STR("policy"), STR("3"), body, 6};
	assert_int_equal(catalog_build(all, default_document_count + 3, &later), ERR_OK);
	policy = catalog_policy(later, 3);
	assert_int_equal(policy->part_count, 2);
	assert_int_equal(policy->parts[0].policy, 2);
	assert_true(str_is(policy->parts[0].teams[0], "a"));
	assert_int_equal(policy->parts[1].team_count + policy->parts[1].stream_count, 0);
	assert_int_equal(policy->rule_count, 2);
	scratch_end(&scratch);

	/* A split of a split would be hard to follow. */
	assert_int_equal(join(later, "[{'policy':3,'teams':['b']},{'policy':1}]", &scratch, &body),
		ERR_INVALID);
	assert_fault(&scratch.diag, "#/split/0/policy", "a split itself");
	scratch_end(&scratch);
	catalog_unref(later);
	catalog_unref(catalog);
}

static void test_out_of_memory(void **state)
{
	static const char *const rules[] = {
		HOLD("a", BUGS) "," HOLD("c", "{'fact':'team','missing':true}"), HOLD("b", EVERY)};
	struct catalog *catalog = catalog_with(rules, 2);
	json_t *json =
		json_of("{'name':'j','split':[{'policy':2,'streams':['incident'],'teams':['a']},"
			"{'policy':1}]}");
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
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_inside_and_outside),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_faults_of_the_whole),
		cmocka_unit_test(test_each_item_by_its_version),
		cmocka_unit_test(test_stored),
		cmocka_unit_test(test_out_of_memory),
	};

	json_init();
	return cmocka_run_group_tests_name("codec/policy_split", tests, NULL, NULL);
}
