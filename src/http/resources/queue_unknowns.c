/*
 * GET …/queue/unknowns: which missing values leave most bands open, and of one feature the items.
 */
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "http/resources/walk.h"
#include "service/unknowns.h"

enum { UNKNOWNS_LIMIT_MAX = 500 };

/* ---- all features ---- */

static void write_feature(
	struct json_writer *json, const struct unknown_input *input, size_t ranked)
{
	json_object_begin(json);
	json_put(json, "feature", str, input->feature);
	json_put(json, "items", int, (int64_t)input->open);
	json_put(json, "share", number, ranked > 0 ? (double)input->open / (double)ranked : 0.0);
	json_put(json, "decides", int, (int64_t)input->decides);
	json_object_end(json);
}

static void write_head(struct json_writer *json, const struct unknowns *unknowns)
{
	view_write_ranking(json, unknowns->ranking);
	json_put(json, "count", int, (int64_t)unknowns->ranking->decision.order.count);
	json_put(json, "exact", bool, unknowns->exact);
}

static void write_summary(
	struct json_writer *json, struct walk *walk, struct request *request, struct unknowns *all)
{
	size_t open, at = walk->begin, end;

	unknowns_count(all, &open);
	end = all->input_count - (at < all->input_count ? at : all->input_count);
	end = at + (end < walk->limit ? end : walk->limit);
	write_head(json, all);
	json_put(json, "open", int, (int64_t)open);
	json_key(json, "features");
	json_array_begin(json);
	for (; at < end; at++)
		write_feature(json, &all->inputs[at], all->ranking->decision.order.count);
	json_array_end(json);
	if (end < all->input_count)
		walk_next(walk, request, json, end);
}

/* ---- the items of one ---- */

static void put_band(
	struct json_writer *json, const struct ranking *ranking, const char *key, double score)
{
	uint8_t band = wn_model_band(ranking->input.model, score);

	json_put(json, key, text,
		band == WN_BAND_NONE ? NULL : ranking->model->model.bands[band].name);
}

static void write_item(struct json_writer *json, const struct unknowns *unknowns, uint32_t row,
	const uint32_t *inputs, size_t count)
{
	const struct ranking *ranking = unknowns->ranking;

	json_object_begin(json);
	json_put(json, "rank", int, ranking->decision.order.rank[row]);
	view_write_row(json, ranking, row);
	view_write_score(json, ranking, row);
	put_band(json, ranking, "lowest_band", ranking->decision.evidence.lowest[row]);
	put_band(json, ranking, "highest_band", ranking->decision.evidence.highest[row]);
	json_key(json, "unknown");
	json_array_begin(json);
	for (size_t i = 0; i < count; i++)
		json_str(json, unknowns->inputs[inputs[i]].feature);
	json_array_end(json);
	json_object_end(json);
}

/* The inputs that are unknown in a row whose band is open for want of this one; 0: it is not. */
static size_t open_by(
	const struct unknowns *unknowns, uint32_t input, uint32_t row, uint32_t *inputs)
{
	size_t count;

	if (!unknowns_open(unknowns->ranking, row))
		return 0;
	count = unknowns_of(unknowns, row, inputs);
	for (size_t i = 0; i < count; i++) {
		if (inputs[i] == input)
			return count;
	}
	return 0;
}

static bool write_items_of(struct json_writer *json, struct walk *walk, struct request *request,
	const struct unknowns *unknowns, uint32_t input)
{
	const struct wn_ranking *order = &walk->ranking->decision.order;
	uint32_t *found = arena_array(&request->arena, unknowns->input_count, sizeof *found);
	size_t at = walk->begin, written = 0;

	if (!found)
		return false;
	write_head(json, unknowns);
	json_put(json, "feature", str, unknowns->inputs[input].feature);
	json_key(json, "items");
	json_array_begin(json);
	for (; at < order->count; at++) {
		size_t count = open_by(unknowns, input, order->order[at], found);

		if (count > 0 && written == walk->limit)
			break;
		if (count > 0) {
			write_item(json, unknowns, order->order[at], found, count);
			written++;
		}
	}
	json_array_end(json);
	if (at < order->count)
		walk_next(walk, request, json, at);
	return true;
}

/* Its index; input_count and a fault when the model does not read it, or never spans it. */
static uint32_t find_input(
	struct request *request, const struct unknowns *unknowns, struct str feature)
{
	uint32_t i = 0;

	while (i < unknowns->input_count && !str_eq(unknowns->inputs[i].feature, feature))
		i++;
	if (i == unknowns->input_count)
		diag_add(&request->diag, "/query/feature",
			"The active model has no such input that spans where it is unknown.");
	return i;
}

/* ---- the answer ---- */

struct asked {
	struct unknowns unknowns; /* of the walk's ranking */
	struct str feature;       /* absent: all */
	uint32_t input;           /* that it is */
};

static enum error read_feature(
	struct request *request, const struct ranking *ranking, struct asked *asked)
{
	if (!unknowns_init(&asked->unknowns, &request->arena, ranking))
		return ERR_NO_MEMORY;
	if (!asked->feature.ptr)
		return ERR_OK;
	asked->input = find_input(request, &asked->unknowns, asked->feature);
	return asked->input < asked->unknowns.input_count ? ERR_OK : ERR_INVALID;
}

static enum error encode_page(
	struct walk *walk, struct request *request, void *arg, struct buf *out)
{
	struct asked *asked = arg;
	struct json_writer json;
	bool ok = true;

	if (!view_may_search(request, walk->ranking))
		return ERR_WOULD_BLOCK;
	view_begin(&json, request, out);
	json_object_begin(&json);
	if (asked->feature.ptr)
		ok = write_items_of(&json, walk, request, &asked->unknowns, asked->input);
	else
		write_summary(&json, walk, request, &asked->unknowns);
	json_object_end(&json);
	return ok ? ERR_OK : ERR_NO_MEMORY;
}

static enum error unknowns(struct request *request, struct response *response)
{
	static const char *const known[] = {"feature", "limit", "cursor", "min_revision", NULL};
	struct walk walk = {0};
	struct asked asked = {0};
	enum error error = request_query_only(request, known);

	if (!error)
		error = walk_filter(&walk, request, "feature", &asked.feature);
	if (!error)
		error = walk_begin(&walk, request, UNKNOWNS_LIMIT_MAX);
	if (error)
		return error;
	error = veil_refuse(request);
	if (!error)
		error = read_feature(request, walk.ranking, &asked);
	if (!error)
		error = walk_answer(&walk, request, response, encode_page, &asked);
	ranking_unref(walk.ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/queue/unknowns",
		.roles = ROLES_READ,
		.flags = ROUTE_MEMORY,
		.handle = unknowns,
	},
};
const struct route_table queue_unknowns_routes = {routes, sizeof routes / sizeof *routes};
