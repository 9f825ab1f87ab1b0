/*
 * From an order and what people approved to what waits for them. One pass over two columns finds the first
 * of each stream; all else goes by what was found, what is held and what was approved.
 */
#include "live/review_states.h"

#include <stdlib.h>
#include <string.h>

#include "live/ranking.h"

const char *const review_why_names[REVIEW_WHYS] = {"held", "top", "above"};

const char *review_reason(const struct review_state *state)
{
	for (int i = 0; i < REVIEW_WHYS; i++) {
		if (state->why & 1 << i)
			return review_why_names[i];
	}
	return review_why_names[1];
}

const struct policy_rule *review_holding_rule(const struct ranking *ranking, uint32_t row)
{
	const struct wn_policy *policy = ranking->input.policy;

	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		if (policy->rules[r].effect == WN_HOLD && wn_hit(&ranking->decision.hits, r, row))
			return &ranking->policy->rules[r];
	}
	return NULL;
}

struct review_seen review_seen_of(const struct ranking *ranking, uint32_t row)
{
	return (struct review_seen){
		.item_revision = ranking_facts(ranking, row)->revision,
		.model_version = ranking->model->version,
		.policy_version = ranking->policy ? ranking->policy->version : 0,
	};
}

bool review_seen_same(const struct review_seen *a, const struct review_seen *b)
{
	return a->item_revision == b->item_revision && a->model_version == b->model_version &&
	       a->policy_version == b->policy_version;
}

/* ---- the first of each stream ---- */

/* Ranks, ascending, of the best so far. */
struct first {
	size_t most, count;
	uint32_t *ranks;
};

static void first_offer(struct first *first, uint32_t rank)
{
	size_t at;

	if (first->count == first->most) {
		if (first->most == 0 || first->ranks[first->count - 1] < rank)
			return;
		first->count--;
	}
	at = first->count;
	while (at > 0 && first->ranks[at - 1] > rank)
		at--;
	memmove(&first->ranks[at + 1], &first->ranks[at],
		(first->count - at) * sizeof *first->ranks);
	first->ranks[at] = rank;
	first->count++;
}

/* One of each stream of the settings, and behind them one of all items without such a stream. */
struct firsts {
	struct first *of;
	size_t count;
	uint32_t *ranks;
	uint32_t *by_symbol; /* which of them; symbols beyond are of the last */
	uint32_t symbols;
};

static void firsts_release(struct firsts *firsts)
{
	free(firsts->of);
	free(firsts->ranks);
	free(firsts->by_symbol);
}

/* Which symbols are streams'. */
static bool number_streams(const struct ranking *ranking, struct firsts *firsts)
{
	const struct catalog *catalog = ranking->catalog;
	uint32_t last = (uint32_t)catalog->stream_count;

	for (size_t i = 0; i < catalog->stream_count; i++) {
		uint32_t symbol = symbols_find(ranking->symbols, catalog->streams[i]);

		if (symbol != SYMBOL_UNSEEN && symbol >= firsts->symbols)
			firsts->symbols = symbol + 1;
	}
	firsts->by_symbol = malloc((firsts->symbols + 1) * sizeof *firsts->by_symbol);
	if (!firsts->by_symbol)
		return false;
	for (uint32_t s = 0; s <= firsts->symbols; s++)
		firsts->by_symbol[s] = last;
	for (uint32_t i = 0; i < last; i++) {
		uint32_t symbol = symbols_find(ranking->symbols, catalog->streams[i]);

		if (symbol != SYMBOL_NONE && symbol != SYMBOL_UNSEEN)
			firsts->by_symbol[symbol] = i;
	}
	return true;
}

static bool firsts_init(const struct ranking *ranking, struct firsts *firsts)
{
	const struct review_rules *rules = &ranking->catalog->review;
	size_t streams = ranking->catalog->stream_count, room = 0;

	firsts->count = streams + 1;
	firsts->of = calloc(firsts->count, sizeof *firsts->of);
	if (!firsts->of)
		return false;
	for (size_t i = 0; i < firsts->count; i++) {
		firsts->of[i].most = (size_t)(i < streams ? rules->stream_top[i] : rules->top);
		room += firsts->of[i].most;
	}
	firsts->ranks = malloc((room + 1) * sizeof *firsts->ranks);
	for (size_t i = 0, at = 0; firsts->ranks && i < firsts->count; i++) {
		firsts->of[i].ranks = firsts->ranks + at;
		at += firsts->of[i].most;
	}
	return firsts->ranks && number_streams(ranking, firsts);
}

/* In the order of the rows, which is that of memory. */
static void firsts_find(const struct ranking *ranking, struct firsts *firsts)
{
	const uint32_t *rank = ranking->decision.order.rank;
	struct first *others = &firsts->of[firsts->count - 1];

	for (size_t b = 0; b < ranking->block_count; b++) {
		const struct wn_rows *run = &ranking->runs[b];
		const uint32_t *words = run->words[WN_STREAM];

		for (size_t i = 0; i < run->rows && b * BLOCK_ROWS + i < ranking->rows; i++) {
			uint32_t at = rank[b * BLOCK_ROWS + i];
			uint32_t symbol = words ? words[i] : SYMBOL_NONE;

			if (at == 0)
				continue;
			first_offer(symbol < firsts->symbols
					    ? &firsts->of[firsts->by_symbol[symbol]]
					    : others,
				at);
		}
	}
}

/* ---- all together ---- */

struct finding {
	const struct ranking *ranking;
	struct review_state *found; /* several of one row are possible until they are merged */
	size_t count, room;
};

static bool add(struct finding *finding, uint32_t row, uint8_t why)
{
	if (finding->count == finding->room) {
		size_t room = 2 * finding->room + 64;
		struct review_state *more = realloc(finding->found, room * sizeof *finding->found);

		if (!more)
			return false;
		finding->found = more;
		finding->room = room;
	}
	finding->found[finding->count++] = (struct review_state){.row = row, .why = why};
	return true;
}

static bool add_firsts(struct finding *finding)
{
	const struct ranking *ranking = finding->ranking;
	struct firsts firsts = {0};
	bool good = firsts_init(ranking, &firsts);

	if (good)
		firsts_find(ranking, &firsts);
	for (size_t i = 0; good && i < firsts.count; i++) {
		for (size_t n = 0; good && n < firsts.of[i].count; n++)
			good = add(finding,
				ranking->decision.order.order[firsts.of[i].ranks[n] - 1],
				REVIEW_TOP);
	}
	firsts_release(&firsts);
	return good;
}

static bool add_held(struct finding *finding)
{
	const struct wn_decision *decision = &finding->ranking->decision;
	bool good = true;

	for (uint32_t row = 0; decision->held && good && row < finding->ranking->rows; row++) {
		if (decision->held[row] && decision->order.rank[row] > 0)
			good = add(finding, row, REVIEW_HELD);
	}
	return good;
}

static const struct review_row *in_force(const struct ranking *ranking, uint32_t row)
{
	const struct review_row *approval =
		review_set_approval(ranking->reviews, &ranking_facts(ranking, row)->id);
	struct review_seen seen = review_seen_of(ranking, row);

	return approval && review_seen_same(&approval->decided, &seen) ? approval : NULL;
}

static bool add_approved(struct finding *finding)
{
	const struct ranking *ranking = finding->ranking;
	bool good = true;

	for (size_t i = 0; good && i < ranking->reviews->count; i++) {
		const struct review_row *review = &ranking->reviews->rows[i];
		uint32_t row = review->ended_revision > 0 ? ranking_find(ranking, &review->item)
							  : WN_ROW_NONE;

		if (row != WN_ROW_NONE && ranking->decision.order.rank[row] > 0 &&
			in_force(ranking, row))
			good = add(finding, row, 0);
	}
	return good;
}

static int by_row(const void *a, const void *b)
{
	uint32_t x = ((const struct review_state *)a)->row;
	uint32_t y = ((const struct review_state *)b)->row;

	return x < y ? -1 : x > y;
}

static void merge(struct finding *finding)
{
	size_t kept = 0;

	if (finding->count > 1)
		qsort(finding->found, finding->count, sizeof *finding->found, by_row);
	for (size_t i = 0; i < finding->count; i++) {
		if (kept > 0 && finding->found[kept - 1].row == finding->found[i].row)
			finding->found[kept - 1].why |= finding->found[i].why;
		else
			finding->found[kept++] = finding->found[i];
	}
	finding->count = kept;
}

static void judge(const struct ranking *ranking, struct review_state *state)
{
	int64_t rank = ranking->decision.order.rank[state->row], named;

	state->open = review_set_open(ranking->reviews, &ranking_facts(ranking, state->row)->id);
	state->approval = in_force(ranking, state->row);
	state->pending = !state->approval;
	if (!state->approval)
		return;
	named = state->approval->ended_rank;
	if (named > 0 && rank < named - ranking->catalog->review.above) {
		state->why |= REVIEW_ABOVE;
		state->pending = true;
	}
}

bool review_states_find(const struct ranking *ranking, struct review_states *out)
{
	struct finding finding = {.ranking = ranking};
	bool good;

	*out = (struct review_states){.states = NULL};
	if (!ranking->catalog->review.on)
		return true;
	good = add_firsts(&finding) && add_held(&finding) && add_approved(&finding);
	merge(&finding);
	for (size_t i = 0; i < finding.count; i++) {
		judge(ranking, &finding.found[i]);
		out->pending += finding.found[i].pending;
		out->committed += !finding.found[i].pending;
	}
	out->states = finding.found;
	out->count = finding.count;
	return good;
}

void review_states_release(struct review_states *states)
{
	free(states->states);
	states->states = NULL;
}

const struct review_state *review_state_of(const struct review_states *states, uint32_t row)
{
	const struct review_state key = {.row = row};

	if (states->count == 0)
		return NULL;
	return bsearch(&key, states->states, states->count, sizeof key, by_row);
}
