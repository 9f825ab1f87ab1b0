/*
 * What it would take: with fewer decisions than that needs, as in a large workspace, and against
 * every change that there is, in small random ones.
 */
#include "live/workspace.h"

#include "base/random.h"
#include "service/counterfactual.h"

static const char *const rubric[] = {
	"user_impact", "fix_confidence", "reversibility", "cost_of_delay"};
enum { RUBRIC = sizeof rubric / sizeof *rubric };

struct scored {
	struct item_record record;
	struct feature_value values[RUBRIC];
};

static int by_id(const void *one, const void *other)
{
	const struct feature_value *a = one, *b = other;

	return (a->id > b->id) - (a->id < b->id);
}

/* Blocked by `blocker` unless that is NULL. */
static void write_scored(const struct catalog *catalog, const struct uuid *workspace,
	const char *name, const double *points, const char *blocker, const char *team,
	struct scored *out)
{
	struct item_link link = {.source = STR("demo")};

	out->record = plain_item(workspace, name);
	for (size_t i = 0; i < RUBRIC; i++)
		out->values[i] = (struct feature_value){
			.id = catalog_feature(catalog, str_from(rubric[i]))->id,
			.number = points[i],
			.evidence = EVIDENCE_MEASURED,
			.observed_us = TIME_NONE,
		};
	qsort(out->values, RUBRIC, sizeof *out->values, by_id);
	out->record.item.features = out->values;
	out->record.item.feature_count = RUBRIC;
	if (team)
		out->record.item.team = str_from(team);
	if (blocker) {
		link.external_id = str_from(blocker);
		out->record.item.blocked_by = &link;
		out->record.item.blocked_by_count = 1;
	}
	write_items(workspace, &out->record, 1);
	out->record.item.blocked_by = NULL;
}

static void enforce(const struct uuid *workspace, const char *policy)
{
	const struct document documents[] = {
		{.kind = STR("policy"), .name = STR("1"), .body = str_from(policy)},
		{.kind = STR("policy_alias"), .name = STR("active"), .body = STR("{\"policy\":1}")},
	};
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);

	for (size_t i = 0; i < 2; i++)
		assert_ok(documents_append(&change, &documents[i]));
	assert_ok(fixture_commit(tx, &change));
}

/* Two rules hold the item back that other values take off. */
static const char two_rules[] =
	"{\"name\":\"p\",\"rules\":["
	"{\"effect\":\"not_above\",\"id\":\"r1\",\"rank\":4,\"reason\":\"Unclear.\","
	"\"when\":{\"feature\":\"fix_confidence\",\"lt\":2}},"
	"{\"effect\":\"not_above\",\"id\":\"r2\",\"rank\":4,\"reason\":\"Not urgent.\","
	"\"when\":{\"feature\":\"cost_of_delay\",\"lt\":2}}]}";

static const double two_lifts[][RUBRIC] = {{3, 3, 2, 1}, {3, 1, 2, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}};
static const double no_lift[][RUBRIC] = {{3, 1, 2, 2}, {2, 1, 2, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}};

/*
 * What the answers are about: x waits for a blocker of little worth, which goes before it. So for
 * rank 2 it is to be worth more than the first, which takes two values; one value is worth more than
 * the second, and falls short.
 */
static struct ranking *blocked(
	const double points[4][RUBRIC], const char *policy, struct uuid *item)
{
	static const char *const names[] = {"first", "second", "blocker", "x"};
	struct uuid workspace = new_workspace();
	struct picture *picture = follow(NULL, &workspace);
	struct ranking *empty = rank(picture), *ranking;
	struct scored scored[4];

	if (policy)
		enforce(&workspace, policy);
	for (size_t i = 0; i < 4; i++)
		write_scored(empty->catalog, &workspace, names[i], points[i],
			i == 3 ? "blocker" : NULL, NULL, &scored[i]);
	picture = follow(picture, &workspace);
	ranking = rank(picture);
	*item = scored[3].record.id;
	ranking_unref(empty);
	picture_free(picture);
	return ranking;
}

static struct counterfactual second_place(
	const struct ranking *ranking, const struct uuid *item, size_t decisions)
{
	const struct counterfactual_target target = {
		.band = WN_BAND_NONE, .rank = 2, .decisions = decisions};
	struct counterfactual found;

	assert_ok(counterfactual_find(
		ranking, ranking_find(ranking, item), &target, &fixture.arena, &found));
	assert_int_equal(found.bar, COUNTERFACTUAL_FREE);
	assert_false(found.already);
	return found;
}

static void enough_decisions_find_it(void **state)
{
	static const size_t enough[] = {0, 12, 4};
	struct uuid item;
	struct ranking *ranking = blocked(two_lifts, two_rules, &item);

	(void)state;
	for (size_t i = 0; i < sizeof enough / sizeof *enough; i++) {
		struct counterfactual found = second_place(ranking, &item, enough[i]);

		assert_int_equal(found.lift.rules, 2);
		assert_false(found.lift.met);
		assert_int_equal(found.pair.inputs, 2);
		assert_true(found.pair.met);
		assert_int_equal(found.pair.rank_after, 2);
		assert_true(found.pair.input[0].to == 3 && found.pair.input[1].to == 3);
		assert_true(found.complete);
	}
	ranking_unref(ranking);
}

/* Whatever was found by then, nothing is said to be all. */
static void too_few_decisions_are_admitted(void **state)
{
	struct uuid item;
	struct ranking *ranking = blocked(two_lifts, two_rules, &item);

	(void)state;
	for (size_t decisions = 1; decisions < 4; decisions++) {
		struct counterfactual found = second_place(ranking, &item, decisions);

		assert_false(found.single.met || found.pair.met || found.lift.met);
		assert_false(found.complete);
	}
	/* The last one went to a change that falls short. */
	assert_int_equal(second_place(ranking, &item, 3).single.inputs, 1);
	ranking_unref(ranking);
}

/* The one decision goes to a change that falls short; the one that does it is not asked for. */
static void without_rules_too(void **state)
{
	struct uuid item;
	struct ranking *ranking = blocked(no_lift, NULL, &item);
	struct counterfactual found = second_place(ranking, &item, 1);

	(void)state;
	assert_int_equal(found.single.inputs, 1);
	assert_int_equal(found.single.rank_after, 3);
	assert_false(found.single.met || found.pair.met);
	assert_false(found.complete);
	found = second_place(ranking, &item, 2);
	assert_true(found.pair.met);
	assert_int_equal(found.pair.rank_after, 2);
	assert_true(found.complete);
	ranking_unref(ranking);
}

/* ---- against every change ---- */

enum {
	ITEMS = 9,
	POINTS = 3,
	CHANGES = 81 /* POINTS to the power of RUBRIC */,
	WORKSPACES = 12,
	WORKSPACES_MOST = 500
};

struct backlog {
	struct ranking *ranking;
	char policy[2048];
	struct uuid item[ITEMS];
};

/* Not pin_top: whether values would pin the item as well is not sought. */
static void random_policy(char *out, size_t size)
{
	static const char *const effects[] = {
		"\"not_above\",\"rank\":3",
		"\"at_most_band\",\"band\":\"ready\"",
		"\"exclude\"",
		"\"at_least_band\",\"band\":\"ready\"",
		"\"share\",\"at_least\":0.5,\"top\":4",
	};
	size_t rules = random_below(4);
	int len = snprintf(out, size,
		"{\"name\":\"p\",\"rules\":[{\"id\":\"one\",\"effect\":\"limit\",\"at_most\":%zu,"
		"\"top\":%zu,\"mode\":\"%s\",\"reason\":\"Not many.\","
		"\"when\":{\"fact\":\"team\",\"eq\":\"T\"}}",
		1 + random_below(2), 2 + random_below(4), random_below(2) ? "enforce" : "warn");

	for (size_t i = 0; i < rules; i++)
		len += snprintf(out + len, size - (size_t)len,
			",{\"id\":\"r%zu\",\"effect\":%s,\"reason\":\"Why not.\","
			"\"when\":{\"feature\":\"%s\",\"eq\":%zu}}",
			i, effects[random_below(sizeof effects / sizeof *effects)],
			rubric[random_below(RUBRIC)], 1 + random_below(POINTS));
	snprintf(out + len, size - (size_t)len, "]}");
}

static void random_backlog(struct backlog *out)
{
	struct uuid workspace = new_workspace();
	struct picture *picture = follow(NULL, &workspace);
	struct ranking *empty = rank(picture);
	char names[ITEMS][8];

	random_policy(out->policy, sizeof out->policy);
	enforce(&workspace, out->policy);
	for (size_t i = 0; i < ITEMS; i++) {
		struct scored scored = {0};
		double points[RUBRIC];
		size_t blocker = random_below(2 * ITEMS);

		for (size_t f = 0; f < RUBRIC; f++)
			points[f] = (double)(1 + random_below(POINTS));
		snprintf(names[i], sizeof names[i], "I%zu", i);
		write_scored(empty->catalog, &workspace, names[i], points,
			blocker < i ? names[blocker] : NULL, random_below(2) ? "T" : NULL, &scored);
		out->item[i] = scored.record.id;
	}
	picture = follow(picture, &workspace);
	out->ranking = rank(picture);
	ranking_unref(empty);
	picture_free(picture);
}

/* The values of a change, by its number; how many differ from `from`. */
static size_t change_values(const struct ranking *ranking, size_t number, const double *from,
	struct feature_value *values)
{
	size_t differ = 0;

	for (size_t f = 0; f < RUBRIC; f++, number /= POINTS) {
		values[f] = (struct feature_value){
			.id = catalog_feature(ranking->catalog, str_from(rubric[f]))->id,
			.number = (double)(1 + number % POINTS),
		};
		differ += values[f].number < from[f] || values[f].number > from[f];
	}
	return differ;
}

static bool change_meets(const struct ranking *ranking, uint32_t row,
	const struct counterfactual_target *target, const struct feature_value *values)
{
	const struct simulation_change change = {
		.row = row, .features = values, .feature_count = RUBRIC, .keep_evidence = true};
	const struct simulation_request request = {
		.model = ranking->model,
		.policy = ranking->policy,
		.changes = &change,
		.change_count = 1,
		.top = 1,
		.without_conflicts = true,
	};
	struct simulation simulation;
	struct arena arena;
	uint32_t place;
	bool meets;

	arena_init(&arena, 1 << 20);
	assert_ok(simulation_run(ranking, &request, &arena, &simulation));
	place = simulation.decision.order.rank[row];
	meets = place > 0 &&
		(target->band != WN_BAND_NONE ? simulation.decision.band[row] <= target->band
					      : place <= target->rank);
	simulation_release(&simulation);
	arena_release(&arena);
	return meets;
}

/* No change within what the answer is about does it: of all values where a rule is said to be in the
 * way, else of two besides what takes rules off. */
static void expect_none(const struct backlog *backlog, uint32_t row,
	const struct counterfactual_target *target, const struct counterfactual *found)
{
	const struct ranking *ranking = backlog->ranking;
	size_t most = found->bar == COUNTERFACTUAL_FREE ? 2 : RUBRIC;
	double from[RUBRIC];

	for (size_t f = 0; f < RUBRIC; f++) {
		uint32_t column = catalog_feature(ranking->catalog, str_from(rubric[f]))->id;

		from[f] = ranking_value(ranking, row, column);
		for (size_t i = 0; i < found->lift.inputs; i++) {
			if (found->lift.input[i].feature->id == column)
				from[f] = found->lift.input[i].to;
		}
	}
	for (size_t number = 0; number < CHANGES; number++) {
		struct feature_value values[RUBRIC];

		if (change_values(ranking, number, from, values) <= most &&
			change_meets(ranking, row, target, values))
			fail_msg("row %u, rank %u or band %u: change %zu does it, %s", row,
				target->rank, target->band, number, backlog->policy);
	}
}

/* *denied, *met: counted. */
static void check_answer(const struct backlog *backlog, uint32_t row,
	const struct counterfactual_target *target, size_t *denied, size_t *met)
{
	struct counterfactual found;
	struct arena arena;

	arena_init(&arena, 64 << 20);
	assert_ok(counterfactual_find(backlog->ranking, row, target, &arena, &found));
	if (found.already || found.lift.met || found.single.met || found.pair.met) {
		*met += !found.already;
	} else if (found.complete) {
		expect_none(backlog, row, target, &found);
		++*denied;
	}
	arena_release(&arena);
}

static void what_is_denied_cannot_be_done(void **state)
{
	size_t denied = 0, met = 0;

	(void)state;
	random_begin("what_is_denied_cannot_be_done");
	/* Few have neither: then more of them are made. */
	for (size_t i = 0; i < WORKSPACES || ((denied == 0 || met == 0) && i < WORKSPACES_MOST);
		i++) {
		struct backlog backlog;

		random_backlog(&backlog);
		for (uint32_t row = 0; row < ITEMS; row++) {
			for (uint32_t place = 1; place <= backlog.ranking->decision.order.count;
				place++)
				check_answer(&backlog, row,
					&(struct counterfactual_target){
						.band = WN_BAND_NONE, .rank = place},
					&denied, &met);
			for (uint8_t band = 0; band < 3; band++)
				check_answer(&backlog, row,
					&(struct counterfactual_target){.band = band}, &denied,
					&met);
		}
		ranking_unref(backlog.ranking);
	}
	print_message("%zu denied, %zu met\n", denied, met);
	assert_true(denied > 0);
	assert_true(met > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enough_decisions_find_it),
		cmocka_unit_test(too_few_decisions_are_admitted),
		cmocka_unit_test(without_rules_too),
		cmocka_unit_test(what_is_denied_cannot_be_done),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
