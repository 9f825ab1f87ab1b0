/*
 * Whether overrides proved right: each is judged by what became of its item, by the definitions in
 * overrides.h, and counted by model version, by the author's team and by kind.
 */
#include <stdlib.h>

#include "service/catalogs.h"
#include "service/overrides.h"
#include "service/reading.h"

enum verdict { PROVED_RIGHT, PROVED_WRONG, WITHDRAWN, STILL_OPEN };

/* ---- judging one ---- */

/* The place of a band in the model that was active; behind all others when it has none of that
 * name. */
static size_t band_place(const struct model_version *model, struct str name)
{
	size_t place = 0;

	if (!model || !name.ptr)
		return SIZE_MAX;
	while (place < model->model.band_count && !str_is(name, model->model.bands[place].name))
		place++;
	return place < model->model.band_count ? place : SIZE_MAX;
}

static bool moves_up(const struct catalog *catalog, const struct override_row *override)
{
	const struct model_version *model = catalog_model(catalog, override->model_version);

	switch (override_kind_index(override->kind)) {
	case WN_OVERRIDE_PIN:
		return override->rank_before == 0 || override->rank <= override->rank_before;
	case WN_OVERRIDE_BOOST: return override->delta > 0;
	case WN_OVERRIDE_BEFORE: return true;
	case WN_OVERRIDE_BAND:
		return band_place(model, override->band) <=
		       band_place(model, override->band_before);
	default: return false;
	}
}

static int64_t end_of_life(const struct override_row *override, int64_t now_us)
{
	int64_t end_us = override->expires_us < now_us ? override->expires_us : now_us;

	if (override_state_of(override, now_us) == OVERRIDE_REVOKED && override->ended_us < end_us)
		end_us = override->ended_us;
	return end_us;
}

static enum verdict judge(
	const struct catalog *catalog, const struct override_outcome *outcome, int64_t now_us)
{
	const struct override_row *override = &outcome->override;
	const struct status_definition *status = catalog_status(catalog, outcome->status);
	bool finished = outcome->finished_us != TIME_NONE &&
			outcome->finished_us <= end_of_life(override, now_us);
	bool up = moves_up(catalog, override);

	if (finished)
		return (status && status->class == STATUS_DONE) == up ? PROVED_RIGHT : PROVED_WRONG;
	switch (override_state_of(override, now_us)) {
	case OVERRIDE_REVOKED: return WITHDRAWN;
	case OVERRIDE_EXPIRED: return up ? PROVED_WRONG : PROVED_RIGHT;
	default: return STILL_OPEN;
	}
}

/* ---- counting ---- */

/* One override under one of its keys. */
struct counted {
	int64_t place; /* keys are by it, then by their text */
	struct str key;
	enum verdict verdict;
	bool in_force;
};

static int by_place_and_key(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	return x->place != y->place ? (x->place > y->place) - (x->place < y->place)
				    : str_cmp(x->key, y->key);
}

static int by_key(const void *a, const void *b)
{
	const struct override_tally *x = a, *y = b;

	if (!x->key.ptr || !y->key.ptr)
		return (x->key.ptr != NULL) - (y->key.ptr != NULL);
	return str_cmp(x->key, y->key);
}

static int most_first(const void *a, const void *b)
{
	const struct override_tally *x = a, *y = b;

	return x->total != y->total ? (x->total < y->total) - (x->total > y->total) : by_key(a, b);
}

static void count_in(struct override_tally *tally, const struct counted *counted)
{
	tally->total++;
	tally->in_force += counted->in_force;
	tally->proved_right += counted->verdict == PROVED_RIGHT;
	tally->proved_wrong += counted->verdict == PROVED_WRONG;
	tally->withdrawn += counted->verdict == WITHDRAWN;
	tally->open += counted->verdict == STILL_OPEN;
}

/* A tally for each key, in their order. Sorts `all`. False when the arena is full. */
static bool tally_up(struct arena *arena, struct counted *all, size_t count,
	struct override_tally **out, size_t *found)
{
	struct override_tally *tallies;
	size_t keys = 0;

	if (count > 0)
		qsort(all, count, sizeof *all, by_place_and_key);
	for (size_t i = 0; i < count; i++)
		keys += i == 0 || by_place_and_key(&all[i - 1], &all[i]) != 0;
	tallies = arena_array(arena, keys, sizeof *tallies);
	*out = tallies;
	*found = 0;
	for (size_t i = 0; tallies && i < count; i++) {
		if (i == 0 || by_place_and_key(&all[i - 1], &all[i]) != 0)
			tallies[(*found)++] = (struct override_tally){.key = all[i].key};
		count_in(&tallies[*found - 1], &all[i]);
	}
	return tallies != NULL;
}

/* Teams are free text: those with the most overrides are told, by name. */
static void cut_teams(struct override_report *report)
{
	report->teams_met = report->team_count;
	if (report->team_count <= OVERRIDE_REPORT_TEAMS)
		return;
	qsort(report->by_team, report->team_count, sizeof *report->by_team, most_first);
	report->team_count = OVERRIDE_REPORT_TEAMS;
	qsort(report->by_team, report->team_count, sizeof *report->by_team, by_key);
}

/* The three lists that overrides are counted in; the same overrides in each. */
struct counting {
	struct counted *models, *teams, *kinds;
};

static enum error sum_up(const struct call *call, const struct counting *counting, size_t count,
	struct override_report *out)
{
	for (size_t i = 0; i < count; i++)
		count_in(&out->all, &counting->models[i]);
	if (!tally_up(call->arena, counting->models, count, &out->by_model, &out->model_count) ||
		!tally_up(call->arena, counting->teams, count, &out->by_team, &out->team_count) ||
		!tally_up(call->arena, counting->kinds, count, &out->by_kind, &out->kind_count))
		return ERR_BUDGET;
	cut_teams(out);
	return ERR_OK;
}

static enum error count_all(const struct call *call, const struct catalog *catalog,
	const struct override_outcome *outcomes, size_t count, int64_t now_us,
	struct override_report *out)
{
	struct counting counting = {
		.models = arena_array(call->arena, count, sizeof *counting.models),
		.teams = arena_array(call->arena, count, sizeof *counting.teams),
		.kinds = arena_array(call->arena, count, sizeof *counting.kinds),
	};

	if (!counting.models || !counting.teams || !counting.kinds)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++) {
		const struct override_row *override = &outcomes[i].override;
		const char *version =
			arena_printf(call->arena, "%lld", (long long) override->model_version);
		const struct counted counted = {
			.verdict = judge(catalog, &outcomes[i], now_us),
			.in_force = override_state_of(override, now_us) == OVERRIDE_IN_FORCE,
		};

		if (!version)
			return ERR_BUDGET;
		counting.models[i] = counting.teams[i] = counting.kinds[i] = counted;
		counting.models[i].place = override->model_version;
		counting.models[i].key = str_from(version);
		counting.teams[i].place = override->author_team.ptr != NULL;
		counting.teams[i].key = override->author_team;
		counting.kinds[i].place = override_kind_index(override->kind);
		counting.kinds[i].key = override->kind;
	}
	return sum_up(call, &counting, count, out);
}

/* ---- the report ---- */

static enum error load_outcomes(const struct call *call, struct conn *conn,
	const struct catalog *catalog, const int64_t span_us[2], struct override_outcome **out,
	size_t *count)
{
	struct str *finished = arena_array(call->arena, catalog->status_count, sizeof *finished);
	size_t finished_count = 0;

	if (!finished)
		return ERR_BUDGET;
	for (size_t i = 0; i < catalog->status_count; i++) {
		const struct status_definition *status = &catalog->statuses[i];

		if (status->class == STATUS_DONE || status->class == STATUS_DROPPED)
			finished[finished_count++] = status->name;
	}
	return overrides_outcomes(conn, &call->workspace, span_us[0], span_us[1], finished,
		finished_count, call->arena, out, count);
}

static enum error report_in(const struct call *call, const struct reading *reading,
	const struct override_span *span, struct override_report *out)
{
	const int64_t span_us[2] = {span->from_us, span->to_us};
	struct override_outcome *outcomes;
	struct catalog *catalog;
	size_t count;
	enum error error;

	*out = (struct override_report){.revision = reading->head.revision};
	error = catalogs_at(call->service->catalogs, reading->conn, &call->workspace,
		reading->head.config_revision, &catalog);
	if (error)
		return error;
	error = load_outcomes(call, reading->conn, catalog, span_us, &outcomes, &count);
	if (!error)
		error = count_all(call, catalog, outcomes, count, span->now_us, out);
	catalog_unref(catalog);
	return error;
}

enum error override_report(
	const struct call *call, const struct override_span *span, struct override_report *out)
{
	struct reading reading;
	enum error error;

	reading_past(call, 0, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = report_in(call, &reading, span, out);
	} while (reading_again(&reading, error));
	return error;
}
