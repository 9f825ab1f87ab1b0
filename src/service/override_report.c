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

/* Tallies by key, in the order in which keys are met. */
struct tallies {
	struct override_tally *all;
	size_t count;
};

static bool same_key(struct str a, struct str b)
{
	return !a.ptr == !b.ptr && str_eq(a, b);
}

/* `tallies` has room for one more than there are overrides. */
static struct override_tally *tally_of(struct tallies *tallies, struct str key)
{
	for (size_t i = 0; i < tallies->count; i++) {
		if (same_key(tallies->all[i].key, key))
			return &tallies->all[i];
	}
	tallies->all[tallies->count].key = key;
	return &tallies->all[tallies->count++];
}

static void count_in(struct override_tally *tally, enum verdict verdict, bool in_force)
{
	tally->total++;
	tally->in_force += in_force;
	tally->proved_right += verdict == PROVED_RIGHT;
	tally->proved_wrong += verdict == PROVED_WRONG;
	tally->withdrawn += verdict == WITHDRAWN;
	tally->open += verdict == STILL_OPEN;
}

static int by_key(const void *a, const void *b)
{
	return str_cmp(
		((const struct override_tally *)a)->key, ((const struct override_tally *)b)->key);
}

/* Versions as numbers: decimal, without leading zeros. */
static int by_version(const void *a, const void *b)
{
	size_t left = ((const struct override_tally *)a)->key.len;
	size_t right = ((const struct override_tally *)b)->key.len;

	return left != right ? (left > right) - (left < right) : by_key(a, b);
}

static int by_kind(const void *a, const void *b)
{
	return override_kind_index(((const struct override_tally *)a)->key) -
	       override_kind_index(((const struct override_tally *)b)->key);
}

static enum error count_all(const struct call *call, const struct catalog *catalog,
	const struct override_outcome *outcomes, size_t count, struct override_report *out)
{
	int64_t now_us = clock_now_us(call->service->clock);
	struct tallies models, teams, kinds;

	models = teams = kinds = (struct tallies){.count = 0};
	models.all = arena_array(call->arena, count + 1, sizeof *models.all);
	teams.all = arena_array(call->arena, count + 1, sizeof *teams.all);
	kinds.all = arena_array(call->arena, count + 1, sizeof *kinds.all);
	if (!models.all || !teams.all || !kinds.all)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++) {
		const struct override_row *override = &outcomes[i].override;
		const char *version =
			arena_printf(call->arena, "%lld", (long long) override->model_version);
		enum verdict verdict = judge(catalog, &outcomes[i], now_us);
		bool in_force = override_state_of(override, now_us) == OVERRIDE_IN_FORCE;

		if (!version)
			return ERR_BUDGET;
		count_in(&out->all, verdict, in_force);
		count_in(tally_of(&models, str_from(version)), verdict, in_force);
		count_in(tally_of(&teams, override->author_team), verdict, in_force);
		count_in(tally_of(&kinds, override->kind), verdict, in_force);
	}
	qsort(models.all, models.count, sizeof *models.all, by_version);
	qsort(teams.all, teams.count, sizeof *teams.all, by_key);
	qsort(kinds.all, kinds.count, sizeof *kinds.all, by_kind);
	out->by_model = models.all;
	out->model_count = models.count;
	out->by_team = teams.all;
	out->team_count = teams.count;
	out->by_kind = kinds.all;
	out->kind_count = kinds.count;
	return ERR_OK;
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

enum error override_report(
	const struct call *call, int64_t from_us, int64_t to_us, struct override_report *out)
{
	const int64_t span_us[2] = {from_us, to_us};
	struct override_outcome *outcomes;
	struct catalog *catalog;
	struct reading reading;
	size_t count;
	enum error error = reading_begin(call, &reading);

	*out = (struct override_report){.revision = 0};
	if (error)
		return error;
	error = catalogs_at(call->service->catalogs, reading.conn, &call->workspace,
		reading.head.config_revision, &catalog);
	if (!error) {
		error = load_outcomes(call, reading.conn, catalog, span_us, &outcomes, &count);
		if (!error)
			error = count_all(call, catalog, outcomes, count, out);
		catalog_unref(catalog);
	}
	reading_end(&reading);
	out->revision = reading.head.revision;
	return error;
}
