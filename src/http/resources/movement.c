/*
 * GET …/items/{id}/movement and GET …/rankings/{a}/diff/{b}: why items stand in one ranking where they
 * did not stand in another.
 */
#include <stdio.h>

#include "base/num.h"
#include "http/resources/movement_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "service/heavy.h"
#include "service/recall.h"
#include "winnow/version.h"

enum {
	LISTED_MAX = 50, /* moves with causes; items that entered or left */
	LISTED_DEFAULT = 20,
	TOP_MAX = 500,
	TOP_DEFAULT = 20,
};

/* One of the two, as it was asked for. */
struct side {
	struct ranking *ranking; /* a reference; NULL: none yet */
	bool recomputed;         /* in another order than the one that was kept */
};

/* ---- which rankings ---- */

static enum error bad_reference(struct request *request, const char *name, const char *why)
{
	diag_add(&request->diag, diag_key(&request->diag, "/query", name), "%s", why);
	return ERR_INVALID;
}

/* What was kept stays as it is, while another engine may compute it otherwise. */
static enum error check_kept(const struct recalled *recalled, bool *recomputed)
{
	struct replay replay = {.was = recalled->row.receipt};

	*recomputed = false;
	if (!recalled->kept)
		return ERR_OK;
	if (!ranking_receipt(recalled->ranking, &replay.is))
		return ERR_NO_MEMORY;
	*recomputed = !replay_same(&replay);
	return ERR_OK;
}

/* A ranking by its id. */
static enum error recall_side(struct request *request, struct str id, struct side *out)
{
	struct call call = call_of(request);
	struct recalled recalled;
	enum error error = ranking_recall(&call, id, false, &recalled);

	if (error)
		return error;
	out->ranking = recalled.ranking;
	error = veil_ask(request, out->ranking, false);
	return error ? error : check_kept(&recalled, &out->recomputed);
}

/* A ranking's id, or a revision. */
static enum error ranking_of_query(struct request *request, const char *name, struct side *out)
{
	struct str text = request_query(request, name);
	int64_t revision, as_of_us;
	uint64_t number;
	enum error error;

	if (num_parse_u64(text, &number) && number >= 1 && number <= INT64_MAX)
		return view_past(request, name, (int64_t)number, &out->ranking);
	if (!ranking_id_parse(text, &revision, &as_of_us))
		return bad_reference(request, name, "A ranking's id or a revision is expected.");
	error = recall_side(request, text, out);
	if (error == ERR_NOT_FOUND)
		return bad_reference(request, name, "There is no such ranking.");
	return error;
}

/* True when the answer is a 304. */
static bool answer_headers(struct request *request, struct response *response,
	const struct ranking *from, const struct ranking *to)
{
	char tag[128];

	response_revision(response, request, to->revision);
	snprintf(tag, sizeof tag, "\"%s-%s-%s%s\"", from->id, to->id, WINNOW_VERSION,
		veil_class(request));
	return response_not_modified(response, request, tag);
}

/* ---- one item ---- */

static void write_ranking(struct json_writer *json, const struct side *side)
{
	view_write_ranking(json, side->ranking);
	if (side->recomputed)
		json_put(json, "recomputed", bool, true);
}

static void write_standing(struct json_writer *json, const char *key, const struct side *side,
	const struct item_standing *standing)
{
	json_key(json, key);
	json_object_begin(json);
	write_ranking(json, side);
	movement_write_standing(json, side->ranking, standing);
	json_object_end(json);
}

static enum error answer_movement(struct request *request, struct response *response,
	const struct uuid *id, const struct side *from, const struct side *to)
{
	struct item_movement move;
	const struct movement_shown shown = {from->ranking, to->ranking, &move};
	struct json_writer json;
	struct movement *movement;
	enum error error;

	if (ranking_find(shown.from, id) == WN_ROW_NONE &&
		ranking_find(shown.to, id) == WN_ROW_NONE)
		return ERR_NOT_FOUND;
	if (answer_headers(request, response, shown.from, shown.to))
		return ERR_OK;
	movement = movement_new(shown.from, shown.to);
	error = movement ? movement_of(movement, id, &move) : ERR_NO_MEMORY;
	if (!error) {
		view_begin(&json, request, &response->body);
		json_object_begin(&json);
		movement_write_item(&json, &shown);
		write_standing(&json, "from", from, &move.from);
		write_standing(&json, "to", to, &move.to);
		movement_write_causes(&json, &shown);
		json_object_end(&json);
		error = response_done(response);
	}
	movement_free(movement);
	return error;
}

static enum error last_ranking(struct request *request, struct side *out)
{
	if (request_query(request, "until").ptr)
		return ranking_of_query(request, "until", out);
	return view_ranking(request, &out->ranking);
}

static enum error move_of_item(
	struct request *request, struct response *response, const struct uuid *id)
{
	struct side from = {0}, to = {0};
	enum error error = last_ranking(request, &to);

	if (!error)
		error = ranking_of_query(request, "since", &from);
	if (!error)
		error = answer_movement(request, response, id, &from, &to);
	ranking_unref(from.ranking);
	ranking_unref(to.ranking);
	return error;
}

static enum error item_movement(struct request *request, struct response *response)
{
	static const char *const known[] = {"since", "until", "min_revision", NULL};
	struct call call = call_of(request);
	struct uuid id;
	enum error error = request_query_only(request, known);

	if (!error)
		error = param_uuid(request, 1, &id);
	if (!error && !request_query(request, "since").ptr)
		error = bad_reference(request, "since", "It is needed: since when?");
	if (!error)
		error = heavy_begin(&call, HEAVY_MEMORY);
	if (error)
		return error;
	error = move_of_item(request, response, &id);
	heavy_end(&call, HEAVY_MEMORY);
	return error;
}

/* ---- two rankings ---- */

struct diff {
	struct side from, to;
	struct movement *movement;
	struct ranking_difference difference;
	size_t limit; /* moves with causes */
	size_t top;   /* places that the churn is of */
};

static void write_order(struct json_writer *json, const char *key, const struct side *side)
{
	json_key(json, key);
	json_object_begin(json);
	write_ranking(json, side);
	json_put(json, "count", int, (int64_t)side->ranking->decision.order.count);
	json_object_end(json);
}

static void write_churn(struct json_writer *json, const struct wn_comparison_of_orders *orders)
{
	json_put(json, "common", int, (int64_t)orders->common);
	json_put(json, "tau", number, orders->tau);
	json_key(json, "churn");
	json_object_begin(json);
	json_put(json, "top", int, (int64_t)orders->top);
	json_put(json, "entered", int, (int64_t)orders->entered);
	json_put(json, "left", int, (int64_t)orders->left);
	json_object_end(json);
}

/* Items that one of the two does not rank: no more than LISTED_MAX of them. */
static void write_passages(struct json_writer *json, const struct diff *diff, const char *key,
	const struct ranked_move *moves, size_t count)
{
	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; i < count && i < LISTED_MAX; i++) {
		const struct item_movement move = {
			.from = item_standing(diff->from.ranking, &moves[i].id),
			.to = item_standing(diff->to.ranking, &moves[i].id),
		};
		const struct movement_shown shown = {diff->from.ranking, diff->to.ranking, &move};

		json_object_begin(json);
		movement_write_item(json, &shown);
		json_put(json, "rank", int, moves[i].to ? moves[i].to : moves[i].from);
		movement_write_reason(json, &shown);
		json_object_end(json);
	}
	json_array_end(json);
}

static enum error write_move(
	struct json_writer *json, const struct diff *diff, const struct uuid *id)
{
	struct item_movement move;
	const struct movement_shown shown = {diff->from.ranking, diff->to.ranking, &move};
	enum error error = movement_of(diff->movement, id, &move);

	if (error)
		return error;
	json_object_begin(json);
	movement_write_item(json, &shown);
	json_key(json, "from");
	json_object_begin(json);
	movement_write_standing(json, shown.from, &move.from);
	json_object_end(json);
	json_key(json, "to");
	json_object_begin(json);
	movement_write_standing(json, shown.to, &move.to);
	json_object_end(json);
	movement_write_causes(json, &shown);
	json_object_end(json);
	return ERR_OK;
}

static enum error write_diff(struct json_writer *json, const struct diff *diff)
{
	const struct ranking_difference *difference = &diff->difference;
	enum error error = ERR_OK;

	json_object_begin(json);
	write_order(json, "a", &diff->from);
	write_order(json, "b", &diff->to);
	write_churn(json, &difference->orders);
	write_passages(json, diff, "entered", difference->entered, difference->entered_count);
	json_put(json, "entered_count", int, (int64_t)difference->entered_count);
	write_passages(json, diff, "left", difference->left, difference->left_count);
	json_put(json, "left_count", int, (int64_t)difference->left_count);
	json_key(json, "moved");
	json_array_begin(json);
	for (size_t i = 0; !error && i < difference->moved_count && i < diff->limit; i++)
		error = write_move(json, diff, &difference->moved[i].id);
	json_array_end(json);
	json_put(json, "moved_count", int, (int64_t)difference->moved_count);
	json_object_end(json);
	return error;
}

static enum error write_compared(struct json_writer *json, struct diff *diff)
{
	enum error error;

	diff->movement = movement_new(diff->from.ranking, diff->to.ranking);
	if (!diff->movement)
		return ERR_NO_MEMORY;
	error = movement_difference(diff->movement, diff->top, &diff->difference);
	if (!error)
		error = write_diff(json, diff);
	ranking_difference_release(&diff->difference);
	movement_free(diff->movement);
	return error;
}

enum error movement_write_difference(struct json_writer *json, const struct ranking *from,
	const struct ranking *to, size_t limit, size_t top)
{
	/* The rankings stay the caller's, and are not changed. */
	struct diff diff = {
		.from = {(struct ranking *)(uintptr_t)from, false},
		.to = {(struct ranking *)(uintptr_t)to, false},
		.limit = limit,
		.top = top,
	};

	return write_compared(json, &diff);
}

static enum error answer_diff(struct request *request, struct response *response, struct diff *diff)
{
	const struct ranking *from = diff->from.ranking, *to = diff->to.ranking;
	struct json_writer json;
	enum error error;

	if (answer_headers(request, response, from, to))
		return ERR_OK;
	view_begin(&json, request, &response->body);
	error = write_compared(&json, diff);
	return error ? error : response_done(response);
}

static enum error recall_both(struct request *request, struct response *response, struct diff *diff)
{
	enum error error = recall_side(request, request->params[1], &diff->from);

	if (!error)
		error = recall_side(request, request->params[2], &diff->to);
	if (!error)
		error = answer_diff(request, response, diff);
	ranking_unref(diff->from.ranking);
	ranking_unref(diff->to.ranking);
	return error;
}

static enum error diff_rankings(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "top", NULL};
	struct call call = call_of(request);
	struct diff diff = {.limit = LISTED_MAX, .top = TOP_MAX};
	int64_t limit, top;
	enum error error = request_query_only(request, known);

	if (!error)
		error = request_query_int(request, "limit", 0, INT64_MAX, LISTED_DEFAULT, &limit);
	if (!error)
		error = request_query_int(request, "top", 1, INT64_MAX, TOP_DEFAULT, &top);
	if (!error)
		error = heavy_begin(&call, HEAVY_MEMORY);
	if (error)
		return error;
	diff.limit = limit < LISTED_MAX ? (size_t)limit : LISTED_MAX;
	diff.top = top < TOP_MAX ? (size_t)top : TOP_MAX;
	error = recall_both(request, response, &diff);
	heavy_end(&call, HEAVY_MEMORY);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/items/{id}/movement",
		.roles = ROLES_READ,
		.handle = item_movement,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/rankings/{a}/diff/{b}",
		.roles = ROLES_READ,
		.handle = diff_rankings,
	},
};
const struct route_table movement_routes = {routes, sizeof routes / sizeof *routes};
