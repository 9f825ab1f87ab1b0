/*
 * Decisions: what each override comes to, beside the rules; and what holds for all of them, on
 * random backlogs in which rules, blockers and overrides meet.
 */
#include "backlog.h"

#include <math.h>

#include "winnow/decide.h"

enum { ROWS = 40, RULES = 8, OVERRIDES = 16, COLUMNS = RULES + 1 };

static const struct wn_band bands[] = {{"a", 7}, {"b", 4}, {"c", -INFINITY}};
static const double one = 1;

/* Column 0 is the score; a rule r hits where column r + 1 is 1. */
struct world {
	struct backlog b;
	double values[COLUMNS][ROWS];
	const double *columns[COLUMNS];
	uint32_t team[ROWS];
	double estimate[ROWS];
	struct wn_term term;
	struct wn_model model;
	struct wn_test tests[RULES];
	struct wn_rule rules[RULES];
	struct wn_policy policy;
	struct wn_rows block;
	struct wn_population population;
	struct wn_override overrides[OVERRIDES];
	struct wn_decide_input input;
};

static void world_init(struct world *w, size_t rows, size_t edges)
{
	memset(w, 0, sizeof(*w));
	w->b = backlog_new(rows, edges);
	for (size_t c = 0; c < COLUMNS; c++)
		w->columns[c] = w->values[c];
	w->term = (struct wn_term){
		.weight = 1, .upper = 10, .scale = WN_SCALE_VALUE, .unknown = WN_UNKNOWN_EXCLUDE};
	w->model = (struct wn_model){.kind = wn_model_kind_named("weighted_sum"),
		.terms = &w->term,
		.term_count = 1,
		.bands = bands,
		.band_count = 3};
	w->policy.rules = w->rules;
	w->block = (struct wn_rows){.rows = rows, .columns = w->columns, .column_count = COLUMNS};
	w->block.words[WN_TEAM] = w->team;
	w->block.numbers[WN_ESTIMATE] = w->estimate;
	w->population = (struct wn_population){.rows = rows,
		.blocks = &w->block,
		.block_count = 1,
		.block_rows = 64,
		.candidate = w->b.candidate,
		.first_revision = w->b.first_revision,
		.id = (const unsigned char(*)[16])w->b.id,
		.edges = w->b.edges,
		.edge_count = edges};
	w->input = (struct wn_decide_input){.population = &w->population,
		.model = &w->model,
		.policy = &w->policy,
		.overrides = w->overrides};
	for (size_t row = 0; row < rows; row++) {
		w->values[0][row] = 9 - (double)row;
		backlog_set_id(&w->b, row, row);
	}
}

static uint32_t add_rule(struct world *w, struct wn_rule rule)
{
	size_t r = w->policy.rule_count++;

	w->tests[r] = (struct wn_test){.op = WN_EQ,
		.size = 1,
		.of = WN_OF_FEATURE,
		.index = (uint32_t)r + 1,
		.numbers = &one,
		.count = 1};
	rule.tests = &w->tests[r];
	rule.test_count = 1;
	rule.from_s = -INFINITY;
	rule.until_s = INFINITY;
	w->rules[r] = rule;
	return (uint32_t)r;
}

static uint32_t add_override(struct world *w, struct wn_override override)
{
	override.revision = (int64_t)w->input.override_count;
	w->overrides[w->input.override_count] = override;
	return (uint32_t)w->input.override_count++;
}

static void hit(struct world *w, uint32_t rule, uint32_t row)
{
	w->values[rule + 1][row] = 1;
}

static void assert_fate(
	const struct wn_decision *d, uint32_t override, enum wn_fate fate, uint32_t by)
{
	assert_int_equal(d->fates[override].fate, fate);
	assert_int_equal(d->fates[override].by, by);
}

static struct wn_decision decide(const struct world *w)
{
	struct wn_decision d;

	assert_true(wn_decide(&w->input, &d));
	return d;
}

static void assert_order(const struct wn_decision *d, const char *expected)
{
	char got[ROWS + 1] = "";

	for (size_t i = 0; i < d->order.count; i++)
		got[i] = (char)('a' + d->order.order[i]);
	assert_string_equal(got, expected);
}

static void test_nothing_but_scores(void **state)
{
	struct world w;
	struct wn_decision d;

	(void)state;
	world_init(&w, 6, 0);
	w.values[0][1] = NAN;
	w.b.candidate[3] = 0;
	w.input.policy = NULL;
	d = decide(&w);
	assert_order(&d, "acefb");
	assert_true(isnan(d.score[3]) && isnan(d.evidence.lowest[3]));
	assert_int_equal(d.band[0], 0);
	assert_int_equal(d.band[1], WN_BAND_NONE);
	assert_int_equal(d.band[3], WN_BAND_NONE);
	assert_ptr_equal(d.score, d.evidence.score);
	assert_null(d.out);
	assert_null(d.held);
	assert_null(d.tier);
	assert_null(d.fates);
	wn_decision_release(&d);
	backlog_free(&w.b);
}

/* Rows a … h by score; what is out, and what that does to overrides. */
static void test_out(void **state)
{
	struct world w;
	struct wn_decision d;
	uint32_t o[8], rule;

	(void)state;
	world_init(&w, 8, 1);
	w.b.edges[0] = (struct wn_edge){.blocked = 0, .blocker = 7};
	rule = add_rule(&w, (struct wn_rule){.effect = WN_EXCLUDE});
	hit(&w, rule, 1);
	o[0] = add_override(&w, (struct wn_override){.kind = WN_OVERRIDE_EXCLUDE, .row = 1});
	o[1] = add_override(&w, (struct wn_override){.kind = WN_OVERRIDE_PIN, .row = 1, .rank = 1});
	o[2] = add_override(&w, (struct wn_override){.kind = WN_OVERRIDE_DEFER, .row = 7});
	o[3] = add_override(&w, (struct wn_override){.kind = WN_OVERRIDE_EXCLUDE, .row = 7});
	o[4] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BOOST, .row = 7, .delta = 9});
	o[5] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BEFORE, .row = 4, .target = 7});
	o[6] = add_override(&w, (struct wn_override){.kind = WN_OVERRIDE_DEFER, .row = 5});
	w.b.candidate[6] = 0;
	o[7] = add_override(&w, (struct wn_override){.kind = WN_OVERRIDE_PIN, .row = 6, .rank = 1});
	d = decide(&w);
	assert_order(&d, "acde");
	assert_fate(&d, o[0], WN_WITHOUT_EFFECT, 0);
	assert_fate(&d, o[1], WN_DEFEATED_BY_RULE, rule);
	assert_fate(&d, o[2], WN_WITHOUT_EFFECT, 0);
	assert_fate(&d, o[3], WN_APPLIED, 0);
	assert_fate(&d, o[4], WN_DEFEATED_BY_OVERRIDE, o[3]);
	assert_fate(&d, o[5], WN_WITHOUT_EFFECT, 0);
	assert_fate(&d, o[6], WN_APPLIED, 0);
	assert_fate(&d, o[7], WN_WITHOUT_EFFECT, 0);
	assert_int_equal(d.out[1], WN_OUT_BY_RULE);
	assert_int_equal(d.out_by[1], rule);
	assert_int_equal(d.out[5], WN_OUT_BY_DEFER);
	assert_int_equal(d.out[7], WN_OUT_BY_EXCLUDE);
	assert_int_equal(d.out_by[7], o[3]);
	assert_null(d.order.carries); /* a blocker that is out orders nothing */
	wn_decision_release(&d);
	backlog_free(&w.b);
}

static void test_boosts_and_bands(void **state)
{
	struct world w;
	struct wn_decision d;
	uint32_t o[7], least, most;

	(void)state;
	world_init(&w, 8, 0);
	least = add_rule(&w, (struct wn_rule){.effect = WN_AT_LEAST_BAND, .band = 1});
	most = add_rule(&w, (struct wn_rule){.effect = WN_AT_MOST_BAND, .band = 1});
	hit(&w, least, 6);
	hit(&w, most, 0);
	hit(&w, least, 7);
	w.values[0][7] = NAN;
	o[0] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BOOST, .row = 5, .delta = 4});
	o[1] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BOOST, .row = 7, .delta = 4});
	o[2] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BAND, .row = 6, .band = 2});
	o[3] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BAND, .row = 0, .band = 0});
	o[4] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BAND, .row = 1, .band = 1});
	o[5] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BAND, .row = 1, .band = 2});
	o[6] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BAND, .row = 2, .band = 0});
	d = decide(&w);
	assert_true(d.score[5] == 8 && d.evidence.score[5] == 4 && isnan(d.score[7]));
	assert_fate(&d, o[0], WN_APPLIED, 0);
	assert_fate(&d, o[1], WN_WITHOUT_EFFECT, 0);
	assert_fate(&d, o[2], WN_DEFEATED_BY_RULE, least);
	assert_fate(&d, o[3], WN_DEFEATED_BY_RULE, most);
	assert_fate(&d, o[4], WN_DEFEATED_BY_OVERRIDE, o[5]);
	assert_fate(&d, o[5], WN_APPLIED, 0);
	assert_fate(&d, o[6], WN_WITHOUT_EFFECT, 0);
	assert_int_equal(d.band[7], 1);
	assert_order(&d, "fcadeghb");
	wn_decision_release(&d);
	backlog_free(&w.b);
}

/* A pin waits for what is pinned to the top, and the newest of rivals counts. */
static void test_pins(void **state)
{
	struct world w;
	struct wn_decision d;
	uint32_t o[4], top, held;

	(void)state;
	world_init(&w, 6, 0);
	top = add_rule(&w, (struct wn_rule){.effect = WN_PIN_TOP});
	held = add_rule(&w, (struct wn_rule){.effect = WN_HOLD});
	hit(&w, top, 5);
	hit(&w, held, 2);
	o[0] = add_override(&w, (struct wn_override){.kind = WN_OVERRIDE_PIN, .row = 4, .rank = 1});
	o[1] = add_override(&w, (struct wn_override){.kind = WN_OVERRIDE_PIN, .row = 3, .rank = 1});
	o[2] = add_override(&w, (struct wn_override){.kind = WN_OVERRIDE_PIN, .row = 3, .rank = 3});
	o[3] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BEFORE, .row = 2, .target = 0});
	d = decide(&w);
	assert_order(&d, "fedcab");
	assert_fate(&d, o[0], WN_DEFEATED_BY_RULE, top);
	assert_fate(&d, o[1], WN_DEFEATED_BY_OVERRIDE, o[2]);
	assert_fate(&d, o[2], WN_APPLIED, 0);
	assert_fate(&d, o[3], WN_APPLIED, 0);
	assert_int_equal(d.tier[5], 0);
	assert_int_equal(d.held[2], 1);
	assert_int_equal(d.held[0], 0);
	wn_decision_release(&d);
	backlog_free(&w.b);
}

/* Nothing else is left, so the pin comes before its rank, and by its befores behind it. */
static void test_pin_behind_its_befores(void **state)
{
	struct world w;
	struct wn_decision d;
	uint32_t o[3];

	(void)state;
	world_init(&w, 3, 0);
	o[0] = add_override(&w, (struct wn_override){.kind = WN_OVERRIDE_PIN, .row = 0, .rank = 2});
	o[1] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BEFORE, .row = 1, .target = 0});
	o[2] = add_override(
		&w, (struct wn_override){.kind = WN_OVERRIDE_BEFORE, .row = 2, .target = 0});
	d = decide(&w);
	assert_int_equal(d.order.order[2], 0);
	assert_fate(&d, o[0], WN_DEFEATED_BY_OVERRIDE, d.order.order[1] == 1 ? o[1] : o[2]);
	assert_fate(&d, o[1], WN_APPLIED, 0);
	assert_fate(&d, o[2], WN_APPLIED, 0);
	wn_decision_release(&d);

	w.overrides[0].rank = 3;
	d = decide(&w);
	assert_fate(&d, o[0], WN_APPLIED, 0);
	wn_decision_release(&d);
	backlog_free(&w.b);
}

/* What an override took out contradicts nothing, and so does what nobody asks for. */
static void test_conflicts(void **state)
{
	struct world w;
	struct wn_decision d;
	uint32_t first, second;

	(void)state;
	world_init(&w, 8, 0);
	second = add_rule(&w, (struct wn_rule){.effect = WN_PIN_TOP});
	first = add_rule(&w, (struct wn_rule){.effect = WN_NOT_ABOVE, .rank = 3});
	for (uint32_t row = 0; row < 4; row++) {
		hit(&w, first, row);
		hit(&w, second, row);
	}
	d = decide(&w);
	assert_int_equal(d.conflict_count, 1);
	assert_int_equal(d.conflicts[0].holds, first);
	assert_int_equal(d.conflicts[0].yields, second);
	assert_int_equal(d.conflicts[0].rows, 4);
	wn_decision_release(&d);

	for (uint32_t row = 0; row < 3; row++)
		add_override(&w, (struct wn_override){
					 .kind = row % 2 ? WN_OVERRIDE_DEFER : WN_OVERRIDE_EXCLUDE,
					 .row = row});
	d = decide(&w);
	assert_int_equal(d.conflict_count, 1);
	assert_int_equal(d.conflicts[0].rows, 1);
	assert_int_equal(d.conflicts[0].examples[0], 3);
	wn_decision_release(&d);

	add_override(&w, (struct wn_override){.kind = WN_OVERRIDE_DEFER, .row = 3});
	d = decide(&w);
	assert_int_equal(d.conflict_count, 0);
	wn_decision_release(&d);

	w.input.override_count = 0;
	w.input.without_conflicts = true;
	d = decide(&w);
	assert_int_equal(d.conflict_count, 0);
	assert_null(d.conflicts);
	wn_decision_release(&d);
	backlog_free(&w.b);
}

/* ---- random ---- */

static struct wn_rule random_rule(uint64_t *random, size_t rows)
{
	return (struct wn_rule){
		.effect = (enum wn_effect)test_below(random, WN_EFFECTS),
		.band = (uint8_t)test_below(random, 3),
		.rank = 1 + (uint32_t)test_below(random, rows + 2),
		.most = (double)test_below(random, 4),
		.share = (double)test_below(random, 9) / 8,
		.per = test_below(random, 2) ? WN_PER_TEAM : WN_PER_WORKSPACE,
		.by_estimate = test_below(random, 3) == 0,
		.warn = test_below(random, 6) == 0,
	};
}

static void random_world(struct world *w, uint64_t *random)
{
	size_t rows = 1 + test_below(random, ROWS);

	world_init(w, rows, test_below(random, rows));
	for (size_t r = test_below(random, RULES + 1); r > 0; r--)
		add_rule(w, random_rule(random, rows));
	for (size_t row = 0; row < rows; row++) {
		w->values[0][row] = test_below(random, 9) ? (double)test_below(random, 11) : NAN;
		w->b.candidate[row] = test_below(random, 9) != 0;
		w->b.first_revision[row] = (int64_t)test_below(random, 3);
		w->team[row] = (uint32_t)test_below(random, 4);
		w->estimate[row] =
			test_below(random, 5) ? (double)test_below(random, 9) / 10 - 0.1 : NAN;
		for (size_t c = 1; c < COLUMNS; c++)
			w->values[c][row] = test_below(random, 4) == 0;
	}
	for (size_t i = 0; i < w->b.edge_count; i++)
		w->b.edges[i] = (struct wn_edge){
			(uint32_t)test_below(random, rows), (uint32_t)test_below(random, rows)};
	for (size_t i = test_below(random, OVERRIDES + 1); i > 0; i--)
		add_override(w, (struct wn_override){.kind = (enum wn_override_kind)test_below(
							     random, WN_OVERRIDE_KINDS),
					.row = (uint32_t)test_below(random, rows),
					.rank = 1 + (uint32_t)test_below(random, rows + 3),
					.delta = (double)test_below(random, 9) - 4,
					.band = (uint8_t)test_below(random, 3),
					.target = (uint32_t)test_below(random, rows)});
}

static void check_permutation(const struct world *w, const struct wn_decision *d)
{
	bool seen[ROWS] = {false};
	size_t count = 0;

	for (size_t i = 0; i < d->order.count; i++) {
		assert_false(seen[d->order.order[i]]);
		seen[d->order.order[i]] = true;
	}
	for (size_t row = 0; row < w->b.rows; row++) {
		bool in = w->b.candidate[row] && (!d->out || d->out[row] == WN_NOT_OUT);

		count += in;
		assert_int_equal(seen[row], in);
		assert_int_equal(d->order.rank[row] > 0, in);
	}
	assert_int_equal(count, d->order.count);
}

static bool breached(const struct wn_decision *d, uint32_t rule, uint32_t rank)
{
	for (size_t i = 0; i < d->order.breach_count; i++) {
		const struct wn_breach *b = &d->order.breaches[i];

		if (b->rule == rule && (b->rank == rank || b->warned))
			return true;
	}
	return false;
}

/* Counts what a rule hits in the top K of the finished order; each place too many has to be named,
 * and so do missing ones. */
static void check_counts(const struct world *w, const struct wn_decision *d, uint32_t r)
{
	const struct wn_rule *rule = &w->rules[r];
	uint32_t top = rule->rank < d->order.count ? rule->rank : (uint32_t)d->order.count;
	double seen[5] = {0}, there = 0, have = 0, needed;
	bool days = rule->effect == WN_LIMIT && rule->by_estimate;

	for (uint32_t i = 0; i < d->order.count; i++) {
		uint32_t row = d->order.order[i];
		uint32_t group =
			rule->effect == WN_LIMIT && rule->per == WN_PER_TEAM ? w->team[row] : 4;
		double bound = rule->effect == WN_LIMIT ? rule->most : floor(rule->share * top);

		if (!wn_hit(&d->hits, r, row))
			continue;
		there++;
		have += i < top;
		if (rule->effect == WN_NOT_ABOVE && i + 1 < rule->rank)
			assert_true(breached(d, r, i + 1));
		if ((rule->effect == WN_LIMIT || rule->effect == WN_SHARE_MOST) && i < top &&
			group != WN_NO_SYMBOL) {
			seen[group] += !days ? 1 : w->estimate[row] > 0 ? w->estimate[row] : 0;
			if (seen[group] > bound + 1e-6)
				assert_true(breached(d, r, i + 1));
		}
	}
	needed = fmin(there, ceil(rule->share * top));
	if (rule->effect == WN_SHARE_LEAST && have < needed)
		assert_true(breached(d, r, top));
}

/* Policy beats override, override beats model. */
static void check_rules(const struct world *w, const struct wn_decision *d)
{
	for (uint32_t r = 0; r < w->policy.rule_count; r++) {
		const struct wn_rule *rule = &w->rules[r];

		check_counts(w, d, r);
		for (uint32_t row = 0; row < w->b.rows; row++) {
			if (!wn_hit(&d->hits, r, row) || !w->b.candidate[row])
				continue;
			if (rule->effect == WN_EXCLUDE || rule->effect == WN_FREEZE)
				assert_int_equal(d->out[row], WN_OUT_BY_RULE);
			if (d->order.rank[row] == 0)
				continue;
			if (rule->effect == WN_AT_MOST_BAND)
				assert_true(d->band[row] >= rule->band);
			if (rule->effect == WN_PIN_TOP)
				assert_int_equal(d->tier[row], 0);
			if (rule->effect == WN_HOLD)
				assert_int_equal(d->held[row], 1);
		}
	}
	for (size_t i = 0; i < w->input.override_count; i++) {
		const struct wn_override *o = &w->overrides[i];

		if (d->fates[i].fate != WN_APPLIED)
			continue;
		if (o->kind == WN_OVERRIDE_BAND)
			assert_int_equal(d->band[o->row], o->band);
		else if (o->kind == WN_OVERRIDE_EXCLUDE || o->kind == WN_OVERRIDE_DEFER)
			assert_int_equal(d->order.rank[o->row], 0);
		else if (o->kind == WN_OVERRIDE_PIN)
			assert_true(d->order.rank[o->row] <= o->rank);
		else if (o->kind == WN_OVERRIDE_BEFORE)
			assert_true(d->order.rank[o->row] < d->order.rank[o->target]);
	}
}

static void check_same_bytes(const struct world *w, const struct wn_decision *d)
{
	struct wn_decision again = decide(w);

	assert_memory_equal(d->order.order, again.order.order, d->order.count * sizeof(uint32_t));
	assert_memory_equal(d->score, again.score, w->b.rows * sizeof(double));
	assert_memory_equal(d->band, again.band, w->b.rows);
	wn_decision_release(&again);

	/* Known scores change nothing. */
	struct world known = *w;

	known.input.scores = &d->evidence;
	again = decide(&known);
	assert_memory_equal(d->order.order, again.order.order, d->order.count * sizeof(uint32_t));
	assert_false(again.owns_evidence);
	wn_decision_release(&again);
}

/* The same conflicts, of the same items by the rows that these have become. */
static void check_conflicts(
	const struct wn_decision *d, const struct wn_decision *e, const uint32_t *to)
{
	assert_int_equal(e->conflict_count, d->conflict_count);
	for (size_t i = 0; i < d->conflict_count; i++) {
		const struct wn_conflict *a = &d->conflicts[i], *b = &e->conflicts[i];

		assert_int_equal(b->holds, a->holds);
		assert_int_equal(b->yields, a->yields);
		assert_int_equal(b->rows, a->rows);
		for (size_t k = 0; k < a->rows && k < WN_CONFLICT_ROWS; k++)
			assert_int_equal(b->examples[k], to[a->examples[k]]);
	}
}

/* The same items in other rows. */
static void check_shuffled(const struct world *w, const struct wn_decision *d, uint64_t *random)
{
	struct world x;
	struct wn_decision e;
	uint32_t to[ROWS];

	world_init(&x, w->b.rows, w->b.edge_count);
	for (uint32_t row = 0; row < w->b.rows; row++) {
		uint32_t other = (uint32_t)test_below(random, row + 1);

		to[row] = to[other];
		to[other] = row;
	}
	for (uint32_t r = 0; r < w->policy.rule_count; r++)
		add_rule(&x, w->rules[r]);
	for (uint32_t row = 0; row < w->b.rows; row++) {
		for (size_t c = 0; c < COLUMNS; c++)
			x.values[c][to[row]] = w->values[c][row];
		x.b.candidate[to[row]] = w->b.candidate[row];
		x.b.first_revision[to[row]] = w->b.first_revision[row];
		x.team[to[row]] = w->team[row];
		x.estimate[to[row]] = w->estimate[row];
		memcpy(x.b.id[to[row]], w->b.id[row], 16);
	}
	for (size_t i = 0; i < w->b.edge_count; i++)
		x.b.edges[w->b.edge_count - 1 - i] =
			(struct wn_edge){to[w->b.edges[i].blocked], to[w->b.edges[i].blocker]};
	for (size_t i = 0; i < w->input.override_count; i++) {
		struct wn_override o = w->overrides[i];

		o.row = to[o.row];
		o.target = to[o.target];
		add_override(&x, o);
	}
	e = decide(&x);
	assert_int_equal(e.order.count, d->order.count);
	for (size_t i = 0; i < d->order.count; i++)
		assert_int_equal(e.order.order[i], to[d->order.order[i]]);
	for (size_t i = 0; i < w->input.override_count; i++) {
		struct wn_fate_of fate = d->fates[i];

		if (fate.fate == WN_DEFEATED_BY_BLOCKER)
			fate.by = to[fate.by];
		assert_fate(&e, (uint32_t)i, fate.fate, fate.by);
	}
	assert_int_equal(e.order.breach_count, d->order.breach_count);
	check_conflicts(d, &e, to);
	wn_decision_release(&e);
	backlog_free(&x.b);
}

static void test_properties(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 5000; round++) {
		struct world w;
		struct wn_decision d;

		random_world(&w, &random);
		d = decide(&w);
		check_permutation(&w, &d);
		check_rules(&w, &d);
		check_same_bytes(&w, &d);
		check_shuffled(&w, &d, &random);
		wn_decision_release(&d);
		backlog_free(&w.b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_but_scores),
		cmocka_unit_test(test_out),
		cmocka_unit_test(test_boosts_and_bands),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_pin_behind_its_befores),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_properties),
	};

	return cmocka_run_group_tests_name("engine/decide", tests, NULL, NULL);
}
