/*
 * From rules in words to clocks on rows. Predicates are bound and applied as those of a policy are.
 */
#include "live/sla.h"

#include <math.h>
#include <stdlib.h>

#include "live/ranking.h"

enum { PHASE_BITS = 3, STARTS = 4, ARENA_BYTES_MAX = 256 << 20, HOUR_S = 3600 };

/* ---- what a status means to a rule ---- */

static bool contains(const struct str *list, size_t count, struct str word)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq(list[i], word))
			return true;
	}
	return false;
}

/* A status that left the vocabulary is taken as one to be worked on, as rankings do. */
static uint8_t phase_of(const struct catalog *catalog, const struct sla_rule *rule, struct str name)
{
	const struct status_definition *status = catalog_status(catalog, name);
	bool starts = rule->start_count == 0 || contains(rule->starts_at, rule->start_count, name);

	if (status && (status->class == STATUS_DONE || status->class == STATUS_DROPPED))
		return WN_CLOCK_STOPS;
	if (contains(rule->pauses_at, rule->pause_count, name))
		return WN_CLOCK_PAUSES | (starts ? STARTS : 0);
	return WN_CLOCK_RUNS | (starts ? STARTS : 0);
}

static bool make_phases(struct sla_book *book)
{
	const struct sla_rules *slas = book->catalog->slas;
	size_t symbols = (size_t)book->log->status_count + 1;

	book->phases = calloc(slas->rule_count * symbols + 1, 1);
	if (!book->phases)
		return false;
	for (size_t r = 0; r < slas->rule_count; r++) {
		for (uint32_t s = 1; s < symbols; s++)
			book->phases[r * symbols + s] = phase_of(book->catalog, &slas->rules[r],
				symbols_text(book->log->statuses, s));
	}
	return true;
}

/* ---- which rule an item has ---- */

static void take_hits(struct sla_book *book, const struct wn_hits *hits)
{
	const struct sla_rules *slas = book->catalog->slas;

	for (size_t row = 0; row < book->rows; row++) {
		size_t r = 0;

		while (r < slas->rule_count && !wn_hit(hits, r, row))
			r++;
		book->rule_of[row] = r < slas->rule_count ? (uint8_t)r : (uint8_t)SLA_NO_RULE;
	}
}

static bool find_rules(struct sla_book *book, const struct ranking *ranking)
{
	struct word_lookup words = ranking_words(ranking);
	struct wn_policy policy;
	struct wn_hits hits = {0};
	struct arena arena;
	bool good;

	arena_init(&arena, ARENA_BYTES_MAX);
	good = policy_bind(&book->catalog->slas->when, book->catalog, ranking->input.model,
		       ranking->input.now_s, &words, &arena, &policy) &&
	       wn_policy_apply(&policy, &ranking->population, ranking->input.now_s, &hits);
	if (good)
		take_hits(book, &hits);
	wn_hits_release(&hits);
	arena_release(&arena);
	return good;
}

/* Rules by hours that are gone are for nobody: to measure by other ones would be to guess. */
static void find_hours(struct sla_book *book)
{
	const struct sla_rules *slas = book->catalog->slas;

	for (size_t r = 0; r < slas->rule_count; r++) {
		const struct sla_rule *rule = &slas->rules[r];
		const struct business_hours *hours =
			rule->hours.ptr ? catalog_business_hours(book->catalog, rule->hours) : NULL;

		book->rules[r] =
			(struct wn_clock_rule){rule->target_s, hours ? &hours->hours : NULL};
		for (size_t row = 0; rule->hours.ptr && !hours && row < book->rows; row++) {
			if (book->rule_of[row] == r)
				book->rule_of[row] = SLA_NO_RULE;
		}
	}
}

struct sla_book *sla_book_new(
	const struct ranking *ranking, const struct catalog *catalog, struct status_log *log)
{
	struct sla_book *book = calloc(1, sizeof *book);

	if (!book)
		return NULL;
	book->catalog = catalog;
	book->log = log;
	status_log_ref(log);
	book->rows = ranking->rows;
	book->rule_of = malloc(book->rows + 1);
	book->created = calloc(ranking->block_count + 1, sizeof(const double *));
	if (!book->rule_of || !book->created || !make_phases(book) || !find_rules(book, ranking)) {
		sla_book_free(book);
		return NULL;
	}
	for (size_t b = 0; b < ranking->block_count; b++)
		book->created[b] = ranking->runs[b].numbers[WN_CREATED];
	find_hours(book);
	return book;
}

void sla_book_free(struct sla_book *book)
{
	if (!book)
		return;
	status_log_unref(book->log);
	free(book->rule_of);
	free(book->created);
	free(book->phases);
	free(book);
}

size_t sla_book_bytes(const struct sla_book *book)
{
	if (!book)
		return 0;
	return sizeof *book + book->rows + (book->rows / BLOCK_ROWS + 1) * sizeof(const double *);
}

/* ---- the clock ---- */

/* An item is as old as its source says, unless that is after we saw it first. What has no time any more was
 * before all that has. */
static int64_t first_time(const struct sla_book *book, uint32_t row, int64_t seen_s)
{
	const double *created = book->created[row / BLOCK_ROWS];
	double created_s = created ? created[row % BLOCK_ROWS] : NAN;
	bool known = isfinite(created_s) && fabs(created_s) < (double)WN_LAST_S;

	if (known && (seen_s == INT64_MIN || created_s < (double)seen_s))
		return (int64_t)floor(created_s);
	return seen_s == INT64_MIN ? 0 : seen_s;
}

/* The clock after all that is known of the row; NULL when no rule is for it, else how it measures. */
static const struct wn_clock_rule *run_clock(
	const struct sla_book *book, uint32_t row, struct wn_clock *clock)
{
	const struct sla_rule *rule = sla_rule_of(book, row);
	const struct wn_clock_rule *measure;
	const uint8_t *phases;
	const struct status_change *changes;
	bool stopped = false;
	int64_t at_s = 0;
	size_t count;

	*clock = (struct wn_clock){.started = false};
	if (!rule)
		return NULL;
	measure = &book->rules[book->rule_of[row]];
	phases = book->phases + book->rule_of[row] * ((size_t)book->log->status_count + 1);
	changes = status_log_of(book->log, row, &count);
	for (size_t i = 0; i < count; i++) {
		uint8_t meaning = phases[changes[i].status];
		struct wn_clock_event event = {
			.phase = (enum wn_clock_phase)(meaning & PHASE_BITS),
			.starts = (meaning & STARTS) != 0,
			.restarts = (changes[i].changed & rule->restart_on) != 0,
		};
		bool stops = event.phase == WN_CLOCK_STOPS;

		if (i == 0 && rule->start_count == 0)
			at_s = first_time(book, row, changes[i].at_s);
		else if (changes[i].at_s > at_s)
			at_s = changes[i].at_s;
		event.at_s = at_s;
		event.restarts |= rule->restart_on_reopen && stopped && !stops;
		stopped = stops;
		wn_clock_step(measure, clock, &event);
	}
	return measure;
}

bool sla_read(
	const struct sla_book *book, uint32_t row, int64_t now_s, struct wn_clock_reading *out)
{
	struct wn_clock clock;
	const struct wn_clock_rule *measure = run_clock(book, row, &clock);

	if (measure)
		wn_clock_read(measure, &clock, now_s, out);
	return measure != NULL;
}

void sla_fill_left(
	const struct sla_book *book, const uint8_t *candidates, int64_t now_s, double *out)
{
	for (uint32_t row = 0; row < book->rows; row++) {
		struct wn_clock clock;
		const struct wn_clock_rule *measure =
			candidates[row] ? run_clock(book, row, &clock) : NULL;

		out[row] = measure ? (double)wn_clock_left(measure, &clock, now_s) / HOUR_S : NAN;
	}
}
