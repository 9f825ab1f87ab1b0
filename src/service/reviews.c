/*
 * Reviews read. What people decide is in review_decide.c, what the job writes in review_follow.c.
 */
#include "service/reviews.h"

#include <math.h>

#include "service/catalogs.h"
#include "service/items_common.h"
#include "service/reading.h"

enum review_standing review_standing_of(const struct review_row *review)
{
	if (review->ended_revision == 0)
		return REVIEW_OPEN;
	return str_is(review->outcome, "withdrawn") || review->lapsed_revision > 0 ? REVIEW_LAPSED
										   : REVIEW_DECIDED;
}

const char *review_standing_name(enum review_standing standing)
{
	static const char *const names[] = {
		[REVIEW_OPEN] = "open",
		[REVIEW_DECIDED] = "decided",
		[REVIEW_LAPSED] = "lapsed",
	};

	return names[standing];
}

enum error review_get(
	const struct call *call, const struct uuid *id, struct review_row *out, int64_t *revision)
{
	struct review_row *rows;
	struct reading reading;
	size_t count;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	error = reviews_by_id(reading.conn, &call->workspace, id, 1, call->arena, &rows, &count);
	reading_end(&reading);
	*revision = reading.head.revision;
	if (error)
		return error;
	if (count == 0)
		return ERR_NOT_FOUND;
	*out = rows[0];
	return ERR_OK;
}

enum error review_list(const struct call *call, const struct review_filter *filter,
	struct review_row **out, size_t *count, int64_t *revision)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	error = reviews_list(reading.conn, &call->workspace, filter, call->arena, out, count);
	reading_end(&reading);
	*revision = reading.head.revision;
	return error;
}

/* ---- suggestions ---- */

/* Whether what is unknown of the row can put it into another band. */
static bool band_is_open(const struct ranking *ranking, uint32_t row)
{
	const struct wn_scores *evidence = &ranking->decision.evidence;
	const struct wn_model *model = ranking->input.model;

	return wn_model_band(model, evidence->lowest[row]) !=
	       wn_model_band(model, evidence->highest[row]);
}

static struct review_suggestion suggest_held(const struct policy_rule *rule, struct arena *arena)
{
	return (struct review_suggestion){
		.decision = "adjust",
		.defer = true,
		.reason = arena_printf(arena,
			"The rule %.*s holds it: %.*s Settle that first, or say why not.",
			STR_ARG(rule->id), STR_ARG(rule->reason)),
	};
}

static struct review_suggestion suggest_back(
	const struct ranking *ranking, const struct review_state *state, struct arena *arena)
{
	return (struct review_suggestion){
		.decision = "adjust",
		.rank = state->approval->ended_rank,
		.reason = arena_printf(arena, "It was approved at rank %lld and stands at rank %u.",
			(long long)state->approval->ended_rank,
			ranking->decision.order.rank[state->row]),
	};
}

bool review_suggest(const struct ranking *ranking, const struct review_state *state,
	const struct review_telling *telling, struct arena *arena, struct review_suggestion *out)
{
	*out = (struct review_suggestion){.decision = NULL};
	if (telling->holds) {
		*out = suggest_held(telling->holds, arena);
	} else if (state->why & REVIEW_ABOVE) {
		*out = suggest_back(ranking, state, arena);
	} else if (!telling->scores) {
		return true;
	} else if (isnan(ranking->decision.score[state->row]) ||
		   band_is_open(ranking, state->row)) {
		*out = (struct review_suggestion){.decision = "adjust",
			.defer = true,
			.reason = "What is unknown of it leaves its band open: find that out "
				  "first."};
	} else {
		*out = (struct review_suggestion){.decision = "approve",
			.reason = "It stands where the model puts it, whatever is unknown of it."};
	}
	return out->reason != NULL;
}

/* ---- labels ---- */

static enum error read_labels(const struct call *call, struct conn *conn,
	const struct catalog *catalog, const struct review_row *rows, size_t count,
	struct review_label *labels)
{
	for (size_t i = 0; i < count; i++) {
		struct item_row item;
		enum error error = item_as_of(conn, &call->workspace, &rows[i].item,
			rows[i].decided.item_revision, call->arena, &item);

		if (!error)
			error = item_from_row(&item, catalog, call->arena, &labels[i].item);
		if (error)
			return error;
		labels[i].review = rows[i];
	}
	return ERR_OK;
}

enum error review_labels(const struct call *call, const struct review_filter *filter,
	struct review_label **out, size_t *count, struct catalog **catalog, int64_t *revision)
{
	struct review_row *rows;
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	*catalog = NULL;
	if (error)
		return error;
	error = catalogs_at(call->service->catalogs, reading.conn, &call->workspace,
		reading.head.config_revision, catalog);
	if (!error)
		error = reviews_list(
			reading.conn, &call->workspace, filter, call->arena, &rows, count);
	if (!error) {
		*out = arena_array(call->arena, *count, sizeof **out);
		error = *out ? read_labels(call, reading.conn, *catalog, rows, *count, *out)
			     : ERR_BUDGET;
	}
	reading_end(&reading);
	*revision = reading.head.revision;
	return error;
}
