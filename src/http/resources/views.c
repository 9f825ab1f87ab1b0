/*
 * GET …/views: the backlogs of their own that the active contract names (capability, reliability …), each with
 * what it is measured by. Their items are a queue's: GET …/queue?view=<id>.
 */
#include <math.h>

#include "http/resources/stream_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "http/resources/walk.h"
#include "service/streams.h"

enum { TOP = 20 };
static const double DAY_S = 86400;

/* What is counted of a view's items that are ranked. */
struct tally {
	size_t items, in_flight, top, overdue, unestimated;
	double days, oldest_s;
};
struct measure {
	size_t known;
	double sum;
};

struct measured {
	const struct survey *survey;
	const struct contract_view *view;
	struct tally tally;
	struct measure *measures; /* by the view's */
};

static void count_row(struct measured *measured, uint32_t row, size_t rank)
{
	const struct survey *survey = measured->survey;
	struct tally *tally = &measured->tally;
	size_t at;
	const struct wn_rows *run = wn_block_of(&survey->ranking->population, row, &at);
	double estimate = wn_number_of(run, at, WN_ESTIMATE);
	double created = wn_number_of(run, at, WN_CREATED);

	tally->items++;
	tally->in_flight += survey->class[row] == STATUS_ACTIVE;
	tally->top += rank <= TOP;
	tally->overdue += wn_number_of(run, at, WN_DUE) < survey->now_s;
	tally->unestimated += isnan(estimate) ? 1 : 0;
	tally->days += estimate > 0 ? estimate : 0;
	/* fmin leaves NaN aside. */
	tally->oldest_s = fmin(tally->oldest_s, created);
	for (size_t i = 0; i < measured->view->measure_count; i++) {
		double value = wn_value(run, at, measured->view->measures[i]);

		measured->measures[i].known += isnan(value) ? 0 : 1;
		measured->measures[i].sum += isnan(value) ? 0 : value;
	}
}

static enum error tally_view(struct measured *measured, struct request *request)
{
	const struct wn_ranking *order = &measured->survey->ranking->decision.order;
	uint64_t *hits;

	measured->tally.oldest_s = NAN;
	measured->measures = arena_array(
		&request->arena, measured->view->measure_count, sizeof *measured->measures);
	if (!measured->measures ||
		!predicate_rows(measured->survey, &measured->view->when, &request->arena, &hits))
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < order->count; i++) {
		if (row_hit(hits, order->order[i]))
			count_row(measured, order->order[i], i + 1);
	}
	return ERR_OK;
}

static void write_measures(struct json_writer *json, const struct measured *measured)
{
	const struct catalog *catalog = measured->survey->ranking->catalog;

	json_key(json, "measures");
	json_array_begin(json);
	for (size_t i = 0; i < measured->view->measure_count; i++) {
		const struct measure *measure = &measured->measures[i];

		json_object_begin(json);
		json_put(json, "feature", str, catalog->features[measured->view->measures[i]].name);
		json_put(json, "known", int, (int64_t)measure->known);
		json_put(json, "sum", number, measure->known > 0 ? measure->sum : NAN);
		json_put(json, "mean", number, measure->sum / (double)measure->known);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_view(struct json_writer *json, const struct measured *measured)
{
	const struct tally *tally = &measured->tally;

	json_object_begin(json);
	json_put(json, "id", str, measured->view->name);
	json_put(json, "items", int, (int64_t)tally->items);
	json_put(json, "in_flight", int, (int64_t)tally->in_flight);
	json_put(json, "in_top_20", int, (int64_t)tally->top);
	json_put(json, "overdue", int, (int64_t)tally->overdue);
	json_put(json, "estimated_days", number, tally->days);
	json_put(json, "unestimated", int, (int64_t)tally->unestimated);
	json_put(json, "oldest_age_days", number,
		floor((measured->survey->now_s - tally->oldest_s) / DAY_S));
	write_measures(json, measured);
	json_object_end(json);
}

enum error stream_write_views(
	struct json_writer *json, struct request *request, const struct survey *survey)
{
	size_t count = survey->has_contract ? survey->contract.view_count : 0;
	enum error error = ERR_OK;

	json_key(json, "views");
	json_array_begin(json);
	for (size_t i = 0; i < count && !error; i++) {
		struct measured measured = {.survey = survey, .view = &survey->contract.views[i]};

		error = tally_view(&measured, request);
		if (!error)
			write_view(json, &measured);
	}
	json_array_end(json);
	return error;
}

static enum error encode(struct walk *walk, struct request *request, void *unused, struct buf *out)
{
	struct json_writer json;
	struct survey survey;
	enum error error;

	(void)unused;
	error = stream_survey_of(request, walk->ranking, &survey);
	if (error)
		return error;
	view_begin(&json, request, out);
	json_object_begin(&json);
	view_write_ranking(&json, walk->ranking);
	error = stream_write_views(&json, request, &survey);
	json_object_end(&json);
	return error;
}

static enum error views(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct walk whole = {0};
	enum error error = request_query_only(request, known);

	if (!error)
		error = walk_begin(&whole, request, 1);
	if (error)
		return error;
	error = walk_answer(&whole, request, response, encode, NULL);
	ranking_unref(whole.ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/views",
		.roles = ROLES_READ,
		.flags = ROUTE_MEMORY,
		.handle = views,
	},
};
const struct route_table view_routes = {routes, sizeof routes / sizeof *routes};
