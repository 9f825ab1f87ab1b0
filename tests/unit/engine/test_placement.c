/*
 * Placement: against an oracle that follows rank.h sentence by sentence and counts everything anew
 * at every step, on small cases in which everything happens at once; then by hand, and at size.
 */
#include "backlog.h"

#include <math.h>

#include "engine/bans.h"
#include "engine/groups.h"

enum { MOST = 12, RULES = 6, NOBODY = -1 };

struct small {
	struct backlog b;
	uint8_t tier[MOST];
	bool tiered;
	struct wn_rule rules[RULES];
	uint64_t bits[RULES];
	uint64_t *hit[RULES];
	struct wn_policy policy;
	struct wn_hits hits;
	uint32_t stream[MOST], team[MOST], assignee[MOST];
	double estimate[MOST];
	struct wn_rows block;
	struct wn_population population;
	struct wn_pin pins[MOST];
	struct wn_before befores[MOST];
	struct wn_placement placement;
};

struct answer {
	uint32_t order[MOST];
	size_t count;
	struct wn_fate_of pins[MOST], befores[MOST];
	struct wn_breach breaches[MOST * RULES];
	size_t breach_count;
};

/* What the oracle knows while it places. */
struct oracle {
	const struct small *s;
	bool waits[MOST][MOST]; /* directly; cycles dissolved */
	bool reach[MOST][MOST]; /* in all */
	uint32_t best[MOST];    /* whose preference it has */
	bool placed[MOST];
	int pin[MOST];    /* by row: the pin that it waits for */
	int before[MOST]; /* by row: the accepted before that it waits for */
	struct answer *a;
	size_t total; /* candidates */
	bool asked[RULES];
};

static int compare(const struct small *s, uint32_t x, uint32_t y)
{
	if (s->tiered && s->tier[x] != s->tier[y])
		return s->tier[x] < s->tier[y] ? -1 : 1;
	return naive_compare(&s->b, x, y);
}

/* Negative: v is placed first, if both may. */
static int prefer(const struct oracle *o, uint32_t v, uint32_t w)
{
	int inherited = compare(o->s, o->best[v], o->best[w]);

	return inherited ? inherited : compare(o->s, v, w);
}

static void close_over(bool reach[MOST][MOST], size_t n)
{
	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < n; i++) {
			for (size_t j = 0; j < n; j++)
				reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
		}
	}
}

static void find_waits(struct oracle *o)
{
	const struct backlog *b = &o->s->b;
	bool raw[MOST][MOST] = {{false}};

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < b->edge_count; i++) {
			uint32_t v = b->edges[i].blocked, w = b->edges[i].blocker;

			if (!b->candidate[v] || !b->candidate[w])
				continue;
			if (pass == 0)
				raw[v][w] = true;
			else if (v != w && !(raw[v][w] && raw[w][v]))
				o->waits[v][w] = o->reach[v][w] = true;
		}
		close_over(pass ? o->reach : raw, b->rows);
	}
	for (uint32_t v = 0; v < b->rows; v++) {
		o->best[v] = v;
		for (uint32_t x = 0; x < b->rows; x++) {
			if (o->reach[x][v] && compare(o->s, x, o->best[v]) < 0)
				o->best[v] = x;
		}
	}
}

static bool newer_before(const struct small *s, size_t i, size_t j)
{
	if (s->befores[i].revision != s->befores[j].revision)
		return s->befores[i].revision > s->befores[j].revision;
	return i > j;
}

static bool newer_pin(const struct small *s, size_t i, size_t j)
{
	if (s->pins[i].revision != s->pins[j].revision)
		return s->pins[i].revision > s->pins[j].revision;
	return i > j;
}

/* Everything that a row waits for, by blockers and the befores accepted so far. */
static void mixed(const struct oracle *o, bool reach[MOST][MOST])
{
	memcpy(reach, o->waits, sizeof(o->waits));
	for (uint32_t v = 0; v < o->s->b.rows; v++) {
		if (o->before[v] != NOBODY)
			reach[v][o->s->befores[o->before[v]].target] = true;
	}
	close_over(reach, o->s->b.rows);
}

static void accept(struct oracle *o, size_t i)
{
	const struct small *s = o->s;
	uint32_t row = s->befores[i].row, target = s->befores[i].target;
	bool reach[MOST][MOST];
	int rival = NOBODY;

	o->a->befores[i] = (struct wn_fate_of){.fate = WN_WITHOUT_EFFECT};
	if (row >= s->b.rows || target >= s->b.rows || !s->b.candidate[row] ||
		!s->b.candidate[target])
		return;
	if (row == target || o->reach[target][row])
		return;
	mixed(o, reach);
	for (size_t j = 0; j < s->placement.before_count; j++) {
		uint32_t from = s->befores[j].row, to = s->befores[j].target;

		if (from >= s->b.rows || o->before[from] != (int)j)
			continue;
		if ((from == target || reach[target][from]) && (to == row || reach[to][row]) &&
			(rival == NOBODY || newer_before(s, j, (size_t)rival)))
			rival = (int)j;
	}
	if (rival == NOBODY)
		o->before[row] = (int)i;
	else
		o->a->befores[i] = (struct wn_fate_of){WN_DEFEATED_BY_OVERRIDE,
			(uint32_t)(s->placement.pin_count + (size_t)rival)};
}

static void accept_all(struct oracle *o)
{
	bool done[MOST] = {false};
	size_t count = o->s->placement.before_count;

	for (size_t round = 0; round < count; round++) {
		int oldest = NOBODY;

		for (size_t i = 0; i < count; i++) {
			if (!done[i] && (oldest == NOBODY || newer_before(o->s, (size_t)oldest, i)))
				oldest = (int)i;
		}
		done[oldest] = true;
		accept(o, (size_t)oldest);
	}
}

static bool hits(const struct small *s, size_t rule, uint32_t row)
{
	return s->hits.rule[rule] && (s->bits[rule] >> row & 1);
}

static uint32_t group_of(const struct small *s, const struct wn_rule *rule, uint32_t row)
{
	if (rule->effect != WN_LIMIT || rule->per == WN_PER_WORKSPACE)
		return 1000;
	return rule->per == WN_PER_STREAM ? s->stream[row]
	       : rule->per == WN_PER_TEAM ? s->team[row]
					  : s->assignee[row];
}

static double weight(const struct small *s, const struct wn_rule *rule, uint32_t row)
{
	double days = s->estimate[row];

	if (rule->effect != WN_LIMIT || !rule->by_estimate)
		return 1;
	return days > 0 ? days : 0;
}

static uint32_t cut(const struct oracle *o, const struct wn_rule *rule)
{
	return rule->rank < o->total ? rule->rank : (uint32_t)o->total;
}

/* Shares in the tests are eighths, so the product is exact. */
static bool too_much(
	const struct oracle *o, size_t r, uint32_t row, const uint32_t *before, size_t placed)
{
	const struct wn_rule *rule = &o->s->rules[r];
	uint32_t last = rule->effect == WN_LIMIT ? rule->rank : cut(o, rule);
	double bound = rule->effect == WN_LIMIT ? rule->most : floor(rule->share * last);
	double sum = 0;

	if (placed + 1 > last || group_of(o->s, rule, row) == WN_NO_SYMBOL)
		return false;
	for (size_t i = 0; i < placed; i++) {
		if (hits(o->s, r, before[i]) &&
			group_of(o->s, rule, before[i]) == group_of(o->s, rule, row))
			sum += weight(o->s, rule, before[i]);
	}
	return sum + weight(o->s, rule, row) > bound;
}

static bool forbidden_by(
	const struct oracle *o, size_t r, uint32_t row, const uint32_t *before, size_t placed)
{
	const struct wn_rule *rule = &o->s->rules[r];

	if (!hits(o->s, r, row))
		return false;
	switch (rule->effect) {
	case WN_NOT_ABOVE: return placed + 1 < rule->rank;
	case WN_LIMIT:
	case WN_SHARE_MOST: return too_much(o, r, row, before, placed);
	default: return false;
	}
}

static double still_needed(const struct oracle *o, size_t r, const uint32_t *before, size_t placed)
{
	const struct wn_rule *rule = &o->s->rules[r];
	double needed = ceil(rule->share * cut(o, rule)), there = 0, have = 0;

	for (uint32_t row = 0; row < o->s->b.rows; row++)
		there += o->s->b.candidate[row] && hits(o->s, r, row);
	for (size_t i = 0; i < placed; i++)
		have += hits(o->s, r, before[i]);
	return fmin(needed, there) - have;
}

static bool tight(const struct oracle *o, size_t r, const uint32_t *before, size_t placed)
{
	const struct wn_rule *rule = &o->s->rules[r];
	double needed;

	if (rule->effect != WN_SHARE_LEAST || !o->s->hits.rule[r] || placed + 1 > cut(o, rule))
		return false;
	needed = still_needed(o, r, before, placed);
	return needed > 0 && (double)cut(o, rule) - (double)placed <= needed;
}

static bool ready(const struct oracle *o, uint32_t v)
{
	if (!o->s->b.candidate[v] || o->placed[v])
		return false;
	for (uint32_t w = 0; w < o->s->b.rows; w++) {
		if (o->waits[v][w] && !o->placed[w])
			return false;
	}
	return true;
}

static bool enforced(const struct oracle *o, size_t r)
{
	return o->s->rules[r].effect == WN_NOT_ABOVE || !o->s->rules[r].warn;
}

/* The first rule that forbids the row the next place, RULES when none does. */
static size_t forbidder(const struct oracle *o, uint32_t row, const uint32_t *before, size_t placed,
	const bool *asked)
{
	for (size_t r = 0; r < o->s->policy.rule_count; r++) {
		if (!enforced(o, r))
			continue;
		if (forbidden_by(o, r, row, before, placed) || (asked[r] && !hits(o->s, r, row)))
			return r;
	}
	return RULES;
}

static bool some_may(const struct oracle *o)
{
	for (uint32_t v = 0; v < o->s->b.rows; v++) {
		if (ready(o, v) && forbidder(o, v, o->a->order, o->a->count, o->asked) == RULES)
			return true;
	}
	return false;
}

/* All that are tight; else the first that something can be found for; else none. */
static void ask(struct oracle *o)
{
	bool all[RULES] = {false};

	for (size_t r = 0; r < o->s->policy.rule_count; r++)
		all[r] = enforced(o, r) && tight(o, r, o->a->order, o->a->count);
	memcpy(o->asked, all, sizeof(all));
	for (size_t r = 0; !some_may(o) && r < o->s->policy.rule_count; r++) {
		if (!all[r])
			continue;
		memset(o->asked, 0, sizeof(o->asked));
		o->asked[r] = true;
	}
	if (!some_may(o))
		memset(o->asked, 0, sizeof(o->asked));
}

static bool may(const struct oracle *o, uint32_t v)
{
	return ready(o, v) && forbidder(o, v, o->a->order, o->a->count, o->asked) == RULES;
}

static bool top(const struct oracle *o, uint32_t v)
{
	return o->s->tiered && o->s->tier[o->best[v]] == 0;
}

static uint32_t top_rule(const struct oracle *o, uint32_t v)
{
	for (uint32_t r = 0; r < o->s->policy.rule_count; r++) {
		if (o->s->rules[r].effect == WN_PIN_TOP && hits(o->s, r, o->best[v]))
			return r;
	}
	return WN_ROW_NONE;
}

/* Where a row stands in the line: 1 … 4; due pins by rule 3 when they do not count as due. */
static int line(const struct oracle *o, uint32_t v, bool due_counts)
{
	if (o->pin[v] != NOBODY)
		return due_counts && o->s->pins[o->pin[v]].rank <= o->a->count + 1 ? 1 : 3;
	return o->before[v] != NOBODY ? 4 : 2;
}

static bool ahead(const struct oracle *o, uint32_t v, uint32_t w, bool due_counts)
{
	int of_v = line(o, v, due_counts), of_w = line(o, w, due_counts);

	if (of_v != of_w)
		return of_v < of_w;
	if (of_v == 1)
		return newer_pin(o->s, (size_t)o->pin[v], (size_t)o->pin[w]);
	if (of_v == 3) {
		const struct wn_pin *x = &o->s->pins[o->pin[v]], *y = &o->s->pins[o->pin[w]];

		return x->rank != y->rank ? x->rank < y->rank
					  : newer_pin(o->s, (size_t)o->pin[v], (size_t)o->pin[w]);
	}
	return prefer(o, v, w) < 0;
}

/* The first in line of the ready rows, rules aside. */
static uint32_t first_ready(const struct oracle *o)
{
	uint32_t first = WN_ROW_NONE;

	for (uint32_t v = 0; v < o->s->b.rows; v++) {
		if (ready(o, v) && (first == WN_ROW_NONE || ahead(o, v, first, false)))
			first = v;
	}
	return first;
}

static struct wn_fate_of *waiter_fate(struct oracle *o, uint32_t v)
{
	return o->pin[v] != NOBODY ? &o->a->pins[o->pin[v]] : &o->a->befores[o->before[v]];
}

static uint32_t choose(struct oracle *o, bool *top_here)
{
	uint32_t chosen = WN_ROW_NONE, first;

	*top_here = false;
	for (uint32_t v = 0; v < o->s->b.rows; v++)
		*top_here = *top_here || (may(o, v) && top(o, v));
	for (uint32_t v = 0; v < o->s->b.rows; v++) {
		if (may(o, v) && (!*top_here || top(o, v)) &&
			(chosen == WN_ROW_NONE || ahead(o, v, chosen, true)))
			chosen = v;
	}
	first = first_ready(o);
	if (chosen == WN_ROW_NONE)
		return first;
	if (line(o, chosen, true) >= 3 && first != chosen) {
		size_t rule = forbidder(o, first, o->a->order, o->a->count, o->asked);

		*waiter_fate(o, chosen) = (struct wn_fate_of){
			WN_DEFEATED_BY_RULE, rule == RULES ? top_rule(o, chosen) : (uint32_t)rule};
	}
	return chosen;
}

static uint32_t missing_blocker(const struct oracle *o, uint32_t v)
{
	uint32_t first = WN_ROW_NONE;

	for (uint32_t w = 0; w < o->s->b.rows; w++) {
		if (o->waits[v][w] && !o->placed[w] &&
			(first == WN_ROW_NONE || prefer(o, w, first) < 0))
			first = w;
	}
	return first;
}

/* The run, last to first: run[0] is the chosen one. */
struct run {
	uint32_t at[MOST];
	size_t count;
};

/* The first rule that forbids a row of the run its place, RULES when none does. */
static size_t run_forbidder(const struct oracle *o, const struct run *run)
{
	uint32_t order[2 * MOST];
	size_t placed = o->a->count, first = RULES;

	memcpy(order, o->a->order, placed * sizeof(*order));
	for (size_t i = run->count; i-- > 0;) {
		bool asked[RULES] = {false};
		size_t rule;

		for (size_t r = 0; r < o->s->policy.rule_count; r++)
			asked[r] = enforced(o, r) && tight(o, r, order, placed);
		rule = forbidder(o, run->at[i], order, placed, asked);
		if (rule < first)
			first = rule;
		order[placed++] = run->at[i];
	}
	return first;
}

static bool join(struct oracle *o, struct run *run, int before)
{
	uint32_t row = o->s->befores[before].row;
	struct wn_fate_of *fate = &o->a->befores[before];
	size_t rule;

	if (!ready(o, row)) {
		*fate = (struct wn_fate_of){WN_DEFEATED_BY_BLOCKER, missing_blocker(o, row)};
		return false;
	}
	if (top(o, run->at[0]) && !top(o, row)) {
		*fate = (struct wn_fate_of){WN_DEFEATED_BY_RULE, top_rule(o, run->at[0])};
		return false;
	}
	run->at[run->count++] = row;
	rule = run_forbidder(o, run);
	if (rule == RULES) {
		*fate = (struct wn_fate_of){.fate = WN_APPLIED};
		return true;
	}
	run->count--;
	*fate = (struct wn_fate_of){WN_DEFEATED_BY_RULE, (uint32_t)rule};
	return false;
}

static void extend(struct oracle *o, struct run *run, uint32_t target)
{
	bool done[MOST] = {false};

	for (;;) {
		int newest = NOBODY;

		for (uint32_t v = 0; v < o->s->b.rows; v++) {
			int i = o->before[v];

			if (i == NOBODY || o->s->befores[i].target != target || done[i])
				continue;
			if (newest == NOBODY || newer_before(o->s, (size_t)i, (size_t)newest))
				newest = i;
		}
		if (newest == NOBODY)
			return;
		done[newest] = true;
		uint32_t row = o->s->befores[newest].row;

		if (o->placed[row] || row == run->at[0])
			continue;
		if (join(o, run, newest))
			extend(o, run, row);
		else
			o->before[row] = NOBODY;
	}
}

static struct wn_fate_of by_override(size_t number)
{
	return (struct wn_fate_of){WN_DEFEATED_BY_OVERRIDE, (uint32_t)number};
}

static void judge_pin(struct oracle *o, size_t i, const struct run *run, bool top_here)
{
	const struct wn_pin *pin = &o->s->pins[i];
	size_t rank = o->a->count + 1, last = o->a->count + run->count,
	       pins = o->s->placement.pin_count;
	uint32_t row = pin->row, chosen = run->at[0];
	size_t rule;

	if (row >= o->s->b.rows || o->pin[row] != (int)i || o->placed[row])
		return;
	if (pin->rank < rank || pin->rank > last)
		return;
	if (row == chosen) {
		if (pin->rank < last)
			o->a->pins[i] = by_override(pins + (size_t)o->before[run->at[1]]);
		return;
	}
	if (pin->rank > rank) {
		size_t stands = last - pin->rank;

		o->a->pins[i] = by_override(pins + (size_t)o->before[run->at[stands ? stands : 1]]);
		return;
	}
	rule = forbidder(o, row, o->a->order, o->a->count, o->asked);
	if (!ready(o, row))
		o->a->pins[i] =
			(struct wn_fate_of){WN_DEFEATED_BY_BLOCKER, missing_blocker(o, row)};
	else if (rule != RULES)
		o->a->pins[i] = (struct wn_fate_of){WN_DEFEATED_BY_RULE, (uint32_t)rule};
	else if (top_here && !top(o, row))
		o->a->pins[i] = (struct wn_fate_of){WN_DEFEATED_BY_RULE, top_rule(o, chosen)};
	else
		o->a->pins[i] = by_override((size_t)o->pin[chosen]);
}

static void find_breaches(struct oracle *o)
{
	bool told[RULES] = {false};
	struct answer *a = o->a;

	for (uint32_t rank = 1; rank <= a->count; rank++) {
		for (uint32_t r = 0; r < o->s->policy.rule_count; r++) {
			const struct wn_rule *rule = &o->s->rules[r];
			bool warned = !enforced(o, r);

			if (forbidden_by(o, r, a->order[rank - 1], a->order, rank - 1) &&
				!told[r]) {
				a->breaches[a->breach_count++] =
					(struct wn_breach){r, rank, a->order[rank - 1], warned};
				told[r] = warned;
			}
			if (rule->effect == WN_SHARE_LEAST && o->s->hits.rule[r] &&
				rank == cut(o, rule) && still_needed(o, r, a->order, rank) > 0)
				a->breaches[a->breach_count++] =
					(struct wn_breach){r, rank, WN_ROW_NONE, warned};
		}
	}
}

static struct answer ask_oracle(const struct small *s)
{
	struct answer a = {0};
	struct oracle o = {.s = s, .a = &a};

	for (uint32_t v = 0; v < MOST; v++) {
		o.pin[v] = o.before[v] = NOBODY;
		o.total += v < s->b.rows && s->b.candidate[v];
	}
	find_waits(&o);
	accept_all(&o);
	for (size_t i = 0; i < s->placement.pin_count; i++) {
		uint32_t row = s->pins[i].row;
		bool there = row < s->b.rows && s->b.candidate[row];

		a.pins[i].fate = there ? WN_APPLIED : WN_WITHOUT_EFFECT;
		if (there)
			o.pin[row] = (int)i;
	}
	while (a.count < o.total) {
		struct run run = {.count = 1};
		bool top_here;

		ask(&o);
		run.at[0] = choose(&o, &top_here);
		extend(&o, &run, run.at[0]);
		for (size_t i = 0; i < s->placement.pin_count; i++)
			judge_pin(&o, i, &run, top_here);
		for (size_t i = run.count; i-- > 0;) {
			a.order[a.count++] = run.at[i];
			o.placed[run.at[i]] = true;
		}
	}
	find_breaches(&o);
	return a;
}

/* ---- random cases ---- */

static void small_init(struct small *s, size_t rows, size_t edges)
{
	memset(s, 0, sizeof(*s));
	s->b = backlog_new(rows, edges);
	s->block = (struct wn_rows){.rows = rows};
	s->block.words[WN_STREAM] = s->stream;
	s->block.words[WN_TEAM] = s->team;
	s->block.words[WN_ASSIGNEE] = s->assignee;
	s->block.numbers[WN_ESTIMATE] = s->estimate;
	s->population = (struct wn_population){
		.rows = rows, .blocks = &s->block, .block_count = 1, .block_rows = rows};
	s->policy.rules = s->rules;
	s->hits = (struct wn_hits){.rule = s->hit, .words = 1};
	s->placement = (struct wn_placement){.policy = &s->policy,
		.hits = &s->hits,
		.population = &s->population,
		.pins = s->pins,
		.befores = s->befores};
	for (size_t row = 0; row < rows; row++)
		backlog_set_id(&s->b, row, row);
}

static void add_rule(struct small *s, struct wn_rule rule, uint64_t bits)
{
	size_t r = s->policy.rule_count++;

	s->rules[r] = rule;
	s->bits[r] = bits;
	s->hit[r] = &s->bits[r];
	s->hits.rule_count = s->policy.rule_count;
}

static void random_rule(struct small *s, uint64_t *random)
{
	static const enum wn_effect effects[] = {WN_NOT_ABOVE, WN_LIMIT, WN_SHARE_MOST,
		WN_SHARE_LEAST, WN_SHARE_LEAST, WN_PIN_TOP, WN_HOLD};
	uint64_t bits = test_random(random) & test_random(random);

	if (test_below(random, 3) == 0)
		bits |= test_random(random);
	add_rule(s,
		(struct wn_rule){
			.effect = effects[test_below(random, sizeof(effects) / sizeof(*effects))],
			.rank = 1 + (uint32_t)test_below(random, s->b.rows + 2),
			.most = (double)test_below(random, 5) * 0.75,
			.share = (double)test_below(random, 9) / 8,
			.per = (enum wn_group)test_below(random, 4),
			.by_estimate = test_below(random, 3) == 0,
			.warn = test_below(random, 6) == 0,
		},
		bits & ((UINT64_C(1) << s->b.rows) - 1));
	if (test_below(random, 12) == 0)
		s->hit[s->policy.rule_count - 1] = NULL;
}

static void random_items(struct small *s, uint64_t *random)
{
	size_t rows = s->b.rows;
	bool absent = test_below(random, 4) == 0, acyclic = test_below(random, 2);

	s->tiered = test_below(random, 2);
	for (size_t row = 0; row < rows; row++) {
		s->b.score[row] = test_below(random, 8) ? (double)test_below(random, 6) : NAN;
		s->b.band[row] = (uint8_t)test_below(random, 2);
		s->b.candidate[row] = !absent || test_below(random, 4) != 0;
		s->b.first_revision[row] = (int64_t)test_below(random, 2);
		s->tier[row] = test_below(random, 4) != 0;
		s->stream[row] = 1 + (uint32_t)test_below(random, 2);
		s->team[row] = (uint32_t)test_below(random, 3);
		s->assignee[row] = (uint32_t)test_below(random, 4);
		s->estimate[row] =
			test_below(random, 4) ? (double)test_below(random, 5) / 2 - 0.5 : NAN;
		backlog_set_id(&s->b, row, test_random(random));
	}
	for (size_t i = 0; i < s->b.edge_count; i++) {
		uint32_t v = (uint32_t)test_below(random, rows);
		uint32_t w = (uint32_t)test_below(random, rows);

		s->b.edges[i] = acyclic && v < w ? (struct wn_edge){w, v} : (struct wn_edge){v, w};
	}
}

static void random_overrides(struct small *s, uint64_t *random)
{
	size_t rows = s->b.rows;
	size_t pins = test_below(random, 3), befores = test_below(random, 3);

	for (uint32_t row = 0; row < rows; row++) {
		size_t lot = test_below(random, 8);

		if (lot < pins)
			s->pins[s->placement.pin_count++] =
				(struct wn_pin){row, 1 + (uint32_t)test_below(random, rows + 3),
					(int64_t)test_below(random, 5)};
		else if (lot < pins + befores)
			s->befores[s->placement.before_count++] = (struct wn_before){row,
				test_below(random, 20) ? (uint32_t)test_below(random, rows)
						       : WN_ROW_NONE,
				(int64_t)test_below(random, 5)};
	}
}

static struct wn_ranking rank_small(const struct small *s)
{
	struct wn_rank_input input = backlog_input(&s->b);
	struct wn_ranking ranking;

	input.tier = s->tiered ? s->tier : NULL;
	input.placement = &s->placement;
	assert_true(wn_rank(&input, &ranking));
	return ranking;
}

static void print_small(const struct small *s, const struct answer *a, const struct wn_ranking *r)
{
	for (size_t row = 0; row < s->b.rows; row++)
		print_message("row %zu: candidate %u tier %d band %u score %g first %lld stream %u "
			      "team %u assignee %u estimate %g\n",
			row, s->b.candidate[row], s->tiered ? s->tier[row] : -1, s->b.band[row],
			s->b.score[row], (long long)s->b.first_revision[row], s->stream[row],
			s->team[row], s->assignee[row], s->estimate[row]);
	for (size_t i = 0; i < s->b.edge_count; i++)
		print_message("%u waits for %u\n", s->b.edges[i].blocked, s->b.edges[i].blocker);
	for (size_t i = 0; i < s->policy.rule_count; i++)
		print_message("rule %zu: effect %d rank %u most %g share %g per %d estimate %d "
			      "warn %d hits %llx\n",
			i, (int)s->rules[i].effect, s->rules[i].rank, s->rules[i].most,
			s->rules[i].share, (int)s->rules[i].per, s->rules[i].by_estimate,
			s->rules[i].warn, s->hit[i] ? (unsigned long long)s->bits[i] : 0);
	for (size_t i = 0; i < s->placement.pin_count; i++)
		print_message("pin %zu: row %u rank %u at %lld: %d by %d, got %d by %d\n", i,
			s->pins[i].row, s->pins[i].rank, (long long)s->pins[i].revision,
			(int)a->pins[i].fate, (int)a->pins[i].by, (int)r->pins[i].fate,
			(int)r->pins[i].by);
	for (size_t i = 0; i < s->placement.before_count; i++)
		print_message("before %zu: row %u target %d at %lld: %d by %d, got %d by %d\n", i,
			s->befores[i].row, (int)s->befores[i].target,
			(long long)s->befores[i].revision, (int)a->befores[i].fate,
			(int)a->befores[i].by, (int)r->befores[i].fate, (int)r->befores[i].by);
	for (size_t i = 0; i < a->count; i++)
		print_message("rank %zu: %u, got %u\n", i + 1, a->order[i], r->order[i]);
}

static bool same_fates(const struct wn_fate_of *a, const struct wn_fate_of *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (a[i].fate != b[i].fate || a[i].by != b[i].by)
			return false;
	}
	return true;
}

static bool same_breaches(const struct answer *a, const struct wn_ranking *ranking)
{
	if (a->breach_count != ranking->breach_count)
		return false;
	for (size_t i = 0; i < a->breach_count; i++) {
		const struct wn_breach *x = &a->breaches[i], *y = &ranking->breaches[i];

		if (x->rule != y->rule || x->rank != y->rank || x->row != y->row ||
			x->warned != y->warned)
			return false;
	}
	return true;
}

static void check_small(const struct small *s)
{
	struct answer a = ask_oracle(s);
	struct wn_ranking ranking = rank_small(s);
	bool same = ranking.count == a.count &&
		    memcmp(ranking.order, a.order, a.count * sizeof(a.order[0])) == 0 &&
		    same_fates(a.pins, ranking.pins, s->placement.pin_count) &&
		    same_fates(a.befores, ranking.befores, s->placement.before_count) &&
		    same_breaches(&a, &ranking);

	if (!same) {
		print_small(s, &a, &ranking);
		fail_msg("placement differs from the oracle's");
	}
	wn_ranking_release(&ranking);
}

static void test_against_oracle(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 60000; round++) {
		size_t rows = 1 + test_below(&random, MOST);
		size_t rules = test_below(&random, RULES + 1);
		struct small s;

		small_init(&s, rows, test_below(&random, 3) ? test_below(&random, 2 * rows) : 0);
		random_items(&s, &random);
		for (size_t r = 0; r < rules; r++)
			random_rule(&s, &random);
		random_overrides(&s, &random);
		check_small(&s);
		backlog_free(&s.b);
	}
}

/* A least share whose members are all at the end, and whose last places are reserved one by one;
 * a row that is not above a rank far down; each at a size at which a quadratic step would show. */
static void test_large(void **state)
{
	enum { MANY = 400000, TOP = 200000 };
	const struct wn_rule rules[] = {{.effect = WN_SHARE_LEAST, .rank = TOP, .share = 0.5},
		{.effect = WN_NOT_ABOVE, .rank = TOP + 2}};
	const struct wn_policy policy = {rules, 2};
	uint64_t *members = test_array(MANY / 64 + 1, sizeof(*members));
	uint64_t *low = test_array(MANY / 64 + 1, sizeof(*low));
	uint64_t *hit[] = {members, low};
	const struct wn_hits hits = {hit, 2, MANY / 64 + 1};
	const struct wn_placement placement = {.policy = &policy, .hits = &hits};
	struct backlog b = backlog_new(MANY, 0);
	struct wn_rank_input input = backlog_input(&b);
	struct wn_ranking ranking;

	(void)state;
	for (uint32_t row = 0; row < MANY; row++) {
		b.score[row] = -(double)row;
		if (row >= TOP)
			members[row / 64] |= UINT64_C(1) << row % 64;
	}
	low[0] = 1;
	input.placement = &placement;
	assert_true(wn_rank(&input, &ranking));
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t expected = i;

		if (i < TOP / 2)
			expected = i + 1; /* all but row 0 */
		else if (i < TOP)
			expected = TOP + (i - TOP / 2);
		else if (i == TOP)
			expected = TOP / 2 + 1;
		else if (i == TOP + 1)
			expected = 0;
		else if (i < TOP + TOP / 2)
			expected = i - TOP / 2;
		if (ranking.order[i] != expected)
			fail_msg("rank %u: row %u, not %u", i + 1, ranking.order[i], expected);
	}
	assert_int_equal(ranking.breach_count, 0);
	wn_ranking_release(&ranking);
	free(members);
	free(low);
	backlog_free(&b);
}

/* Twenty items of two streams in turn; what may not be too many in the top 10 holds, though a least
 * share wants them there, whichever stream the scores prefer. */
static void test_hard_rules_beat_least_shares(void **state)
{
	enum { ITEMS = 20, TOP = 10 };
	const struct wn_rule hard[] = {{.effect = WN_LIMIT, .rank = TOP, .most = 2},
		{.effect = WN_SHARE_MOST, .rank = TOP, .share = 0.25},
		{.effect = WN_NOT_ABOVE, .rank = TOP + 1}};
	const size_t most[] = {2, 2, 0};
	uint64_t bits = UINT64_C(0x55555), *hit[] = {&bits, &bits};
	const struct wn_hits hits = {hit, 2, 1};
	struct backlog b = backlog_new(ITEMS, 0);
	struct wn_rank_input input = backlog_input(&b);

	(void)state;
	for (uint32_t row = 0; row < ITEMS; row++)
		backlog_set_id(&b, row, row);
	for (size_t i = 0; i < 3 * 2 * 2; i++) {
		bool members_first = i % 2, share_first = i / 2 % 2;
		const struct wn_rule share = {.effect = WN_SHARE_LEAST, .rank = TOP, .share = 0.5};
		struct wn_rule rules[] = {hard[i / 4], share};
		const struct wn_policy policy = {rules, 2};
		const struct wn_placement placement = {.policy = &policy, .hits = &hits};
		struct wn_ranking ranking;
		size_t members = 0;

		if (share_first) {
			rules[0] = share;
			rules[1] = hard[i / 4];
		}
		for (uint32_t row = 0; row < ITEMS; row++)
			b.score[row] = members_first == (row % 2 == 0);
		input.placement = &placement;
		assert_true(wn_rank(&input, &ranking));
		for (size_t at = 0; at < TOP; at++)
			members += ranking.order[at] % 2 == 0;
		assert_int_equal(members, most[i / 4]);
		assert_int_equal(ranking.breach_count, 1);
		assert_int_equal(ranking.breaches[0].rule, share_first ? 0 : 1);
		assert_int_equal(ranking.breaches[0].rank, TOP);
		assert_int_equal(ranking.breaches[0].row, WN_ROW_NONE);
		wn_ranking_release(&ranking);
	}
	backlog_free(&b);
}

/* The first of the tight shares cannot be met, since a limit forbids its items; the second is. */
static void test_a_share_that_cannot_be_met_yields(void **state)
{
	enum { ITEMS = 9, TOP = 3 };
	const struct wn_rule rules[] = {{.effect = WN_LIMIT, .rank = TOP, .most = 0},
		{.effect = WN_SHARE_LEAST, .rank = TOP, .share = 1},
		{.effect = WN_SHARE_LEAST, .rank = TOP, .share = 1}};
	const struct wn_policy policy = {rules, 3};
	uint64_t first = 0x38, second = 0x1c0, *hit[] = {&first, &first, &second};
	const struct wn_hits hits = {hit, 3, 1};
	const struct wn_placement placement = {.policy = &policy, .hits = &hits};
	struct backlog b = backlog_new(ITEMS, 0);
	struct wn_rank_input input = backlog_input(&b);
	struct wn_ranking ranking;

	(void)state;
	for (uint32_t row = 0; row < ITEMS; row++)
		b.first_revision[row] = row;
	input.placement = &placement;
	assert_true(wn_rank(&input, &ranking));
	for (uint32_t at = 0; at < TOP; at++)
		assert_int_equal(ranking.order[at], 6 + at);
	assert_int_equal(ranking.breach_count, 1);
	assert_int_equal(ranking.breaches[0].rule, 1);
	wn_ranking_release(&ranking);
	backlog_free(&b);
}

/* Estimates that add up to the limit fit, in whatever order they are added, though the doubles add up
 * to more. */
static void test_sums_have_a_tolerance(void **state)
{
	static const double days[][4] = {
		{0.1, 0.2, 0.3, 1e-6}, {0.3, 0.2, 0.1, 1e-6}, {0.2, 0.1, 0.3, 1e-6}};
	const struct wn_rule rule = {
		.effect = WN_LIMIT, .rank = 4, .most = 0.6, .by_estimate = true};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct small s;
		struct wn_ranking ranking;

		small_init(&s, 5, 0);
		add_rule(&s, rule, 0xf);
		memcpy(s.estimate, days[i], sizeof(days[i]));
		for (uint32_t row = 0; row < 5; row++)
			s.b.first_revision[row] = row;
		ranking = rank_small(&s);
		for (uint32_t at = 0; at < 3; at++)
			assert_int_equal(ranking.order[at], at);
		assert_int_equal(ranking.order[3], 4);
		assert_int_equal(ranking.breach_count, 0);
		wn_ranking_release(&ranking);
		backlog_free(&s.b);
	}
}

/* What cannot be reached is not counted, and rules that count by one word share its groups. */
static void test_groups_are_shared(void **state)
{
	static const struct wn_rule rules[] = {
		{.effect = WN_LIMIT, .rank = 9, .most = 2, .per = WN_PER_TEAM},
		{.effect = WN_LIMIT, .rank = 9, .most = 3, .per = WN_PER_TEAM},
		{.effect = WN_LIMIT, .rank = 9, .most = 1, .per = WN_PER_ASSIGNEE},
		{.effect = WN_LIMIT, .rank = 9, .most = 1, .per = WN_PER_TEAM},
		{.effect = WN_LIMIT, .rank = 9, .most = 6},
		{.effect = WN_LIMIT, .rank = 9, .most = 5},
	};
	static const uint32_t counted[] = {0, 3, 5};
	struct small s;
	struct wn_rank_input input;
	struct wn_groups groups[WN_GROUPINGS] = {0};
	struct wn_bans bans;

	(void)state;
	small_init(&s, 6, 0);
	for (uint32_t row = 0; row < 6; row++) {
		s.team[row] = row < 3 ? 7 : row < 5 ? 4000000000 : WN_NO_SYMBOL;
		s.assignee[row] = 1 + row;
	}
	for (size_t r = 0; r < sizeof(rules) / sizeof(*rules); r++)
		add_rule(&s, rules[r], 0x3f);
	input = backlog_input(&s.b);
	input.placement = &s.placement;
	assert_true(wn_bans_init(&bans, &input, 6, false, groups));
	assert_int_equal(bans.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(bans.all[i].rule, counted[i]);
	assert_ptr_equal(bans.all[0].groups, bans.all[1].groups);
	assert_int_equal(bans.all[0].groups->columns, 2);
	assert_int_equal(bans.all[0].groups->count, 2);
	assert_null(bans.all[2].groups);
	/* Only those of the team that has more than two. */
	assert_int_equal(bans.all[0].bits[0], 0x7);
	assert_int_equal(bans.all[1].bits[0], 0x1f);
	wn_bans_release(&bans);
	for (size_t per = 0; per < WN_GROUPINGS; per++)
		wn_groups_release(&groups[per]);
	backlog_free(&s.b);
}

/* A chain of befores, oldest first or last, and all of them before one target; under limits that count
 * every row of the run. */
static void test_many_befores(void **state)
{
	enum { COUNT = 20000, LIMITS = 20, WAYS = 3 };
	struct backlog b = backlog_new(COUNT, 0);
	struct wn_before *befores = test_array(COUNT, sizeof(*befores));
	uint64_t *all = test_array(COUNT / 64 + 1, sizeof(*all)), *hit[LIMITS];
	struct wn_rule rules[LIMITS];
	const struct wn_policy policy = {rules, LIMITS};
	const struct wn_hits hits = {hit, LIMITS, COUNT / 64 + 1};
	const struct wn_placement placement = {
		.policy = &policy, .hits = &hits, .befores = befores, .before_count = COUNT - 1};
	struct wn_rank_input input = backlog_input(&b);

	(void)state;
	input.placement = &placement;
	for (uint32_t row = 0; row < COUNT; row++) {
		backlog_set_id(&b, row, row);
		all[row / 64] |= UINT64_C(1) << row % 64;
	}
	for (size_t r = 0; r < LIMITS; r++) {
		hit[r] = all;
		rules[r] =
			(struct wn_rule){.effect = WN_LIMIT, .rank = COUNT - 1, .most = COUNT - 1};
	}
	for (int way = 0; way < WAYS; way++) {
		struct wn_ranking ranking;

		for (uint32_t i = 0; i < COUNT - 1; i++)
			befores[i] = (struct wn_before){
				i + 1, way ? i : 0, way == 2 ? COUNT - (int64_t)i : i};
		assert_true(wn_rank(&input, &ranking));
		for (uint32_t i = 0; i < COUNT; i++) {
			/* Of one target the newest, which is the last row, stands next to it. */
			uint32_t expected = way ? COUNT - 1 - i : i < COUNT - 1 ? i + 1 : 0;

			assert_int_equal(ranking.order[i], expected);
		}
		for (uint32_t i = 0; i < COUNT - 1; i++)
			assert_int_equal(ranking.befores[i].fate, WN_APPLIED);
		assert_int_equal(ranking.breach_count, 0);
		wn_ranking_release(&ranking);
	}
	free(befores);
	free(all);
	backlog_free(&b);
}

/* A chain of befores whose end waits for many rows, each of which wants to be ahead of its beginning. */
static void test_many_circles(void **state)
{
	enum { CHAIN = 1500, ROWS = 2 * CHAIN };
	struct backlog b = backlog_new(ROWS, CHAIN);
	struct wn_before *befores = test_array(ROWS, sizeof(*befores));
	const struct wn_placement placement = {.befores = befores, .before_count = ROWS - 1};
	struct wn_rank_input input = backlog_input(&b);
	struct wn_ranking ranking;

	(void)state;
	input.placement = &placement;
	for (uint32_t row = 0; row < ROWS; row++)
		b.first_revision[row] = row;
	for (uint32_t i = 0; i < CHAIN - 1; i++)
		befores[i] = (struct wn_before){i, i + 1, i};
	for (uint32_t i = 0; i < CHAIN; i++) {
		b.edges[i] = (struct wn_edge){.blocked = CHAIN - 1, .blocker = CHAIN + i};
		befores[CHAIN - 1 + i] = (struct wn_before){CHAIN + i, 0, ROWS};
	}
	assert_true(wn_rank(&input, &ranking));
	for (uint32_t i = 0; i < ROWS; i++)
		assert_int_equal(ranking.order[i], i < CHAIN ? CHAIN + i : i - CHAIN);
	for (uint32_t i = 0; i < ROWS - 1; i++) {
		if (i < CHAIN - 1) {
			assert_int_equal(ranking.befores[i].fate, WN_APPLIED);
			continue;
		}
		assert_int_equal(ranking.befores[i].fate, WN_DEFEATED_BY_OVERRIDE);
		assert_int_equal(ranking.befores[i].by, CHAIN - 2);
	}
	wn_ranking_release(&ranking);
	free(befores);
	backlog_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_oracle),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_hard_rules_beat_least_shares),
		cmocka_unit_test(test_a_share_that_cannot_be_met_yields),
		cmocka_unit_test(test_sums_have_a_tolerance),
		cmocka_unit_test(test_groups_are_shared),
		cmocka_unit_test(test_many_befores),
		cmocka_unit_test(test_many_circles),
	};

	return cmocka_run_group_tests_name("engine/placement", tests, NULL, NULL);
}
