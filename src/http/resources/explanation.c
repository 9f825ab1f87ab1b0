/*
 * GET …/items/{id}/explanation: why an item has its score, its band and its place.
 */
#include <math.h>

#include "base/num.h"
#include "http/resources/evidence_view.h"
#include "http/resources/review_view.h"
#include "http/resources/tables.h"
#include "http/resources/verdict_view.h"
#include "http/resources/view.h"
#include "winnow/ranges.h"

static void write_formula(struct json_writer *json, const struct ranking *ranking)
{
	struct buf formula = BUF_INIT;

	model_formula(&formula, ranking->model);
	json_put(json, "formula", str, buf_view(&formula));
	json->out->failed = json->out->failed || formula.failed;
	buf_release(&formula);
}

/* ---- from the evidence to the score ---- */

static void write_boosts(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	const struct wn_decide_input *input = &ranking->input;

	json_key(json, "boosts");
	json_array_begin(json);
	for (size_t i = 0; i < input->override_count; i++) {
		const struct wn_override *o = &input->overrides[i];

		if (o->row != row || o->kind != WN_OVERRIDE_BOOST ||
			ranking->decision.fates[i].fate != WN_APPLIED)
			continue;
		json_object_begin(json);
		json_put(json, "override", uuid, &ranking->overrides->rows[i].id);
		json_put(json, "delta", number, o->delta);
		json_object_end(json);
	}
	json_array_end(json);
}

static bool write_evidence(
	struct json_writer *json, struct arena *arena, const struct ranking *ranking, uint32_t row)
{
	struct evidence_shown shown = evidence_of_row(ranking, row);
	struct evidence_room room;

	json_put(json, "base_score", number, shown.scored.score);
	write_boosts(json, ranking, row);
	write_formula(json, ranking);
	if (!evidence_room_init(&room, arena, ranking->model))
		return false;
	evidence_write(json, &room, &shown);
	return true;
}

/* ---- ranks ---- */

struct rank_range {
	uint32_t best, worst; /* 0: it is no candidate */
	bool exact;
};

static struct rank_range find_rank_range(const struct ranking *ranking, uint32_t row)
{
	const struct wn_range_input input = {
		.rows = ranking->rows,
		.candidate = ranking->candidates,
		.lowest = ranking->decision.evidence.lowest,
		.highest = ranking->decision.evidence.highest,
		.first_revision = ranking->population.first_revision,
		.id = ranking->population.id,
	};
	struct rank_range range = {
		.exact = wn_model_traits(ranking->input.model) & WN_TRAIT_EXACT,
	};

	wn_rank_range_of(&input, row, &range.best, &range.worst);
	return range;
}

static void write_rank_range(struct json_writer *json, const struct rank_range *range)
{
	json_key(json, "rank_range");
	if (range->best == 0) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	json_put(json, "best", int, range->best);
	json_put(json, "worst", int, range->worst);
	json_put(json, "exact", bool, range->exact);
	json_object_end(json);
}

/* ---- order ---- */

static bool placed_by_override(const struct ranking *ranking, uint32_t row)
{
	const struct wn_decide_input *input = &ranking->input;

	for (size_t i = 0; i < input->override_count; i++) {
		const struct wn_override *o = &input->overrides[i];
		bool places = o->kind == WN_OVERRIDE_PIN || o->kind == WN_OVERRIDE_BEFORE;

		if (o->row == row && places && ranking->decision.fates[i].fate == WN_APPLIED)
			return true;
	}
	return false;
}

/* What moved it away from the place that its own score would give it. */
static void describe_order(struct buf *out, const struct ranking *ranking, uint32_t row)
{
	const struct wn_ranking *order = &ranking->decision.order;

	if (order->rank[row] == 0)
		buf_puts(out, "It is not ranked.");
	else if (order->carries && order->carries[row] != row)
		buf_printf(out, "It takes its place from the urgency of %.*s, which waits for it.",
			STR_ARG(ranking_text(ranking, order->carries[row], ROW_EXTERNAL_ID)));
	else if (placed_by_override(ranking, row))
		buf_puts(out, "An override puts it here.");
	else if (ranking->decision.tier && ranking->decision.tier[row] == 0)
		buf_puts(out, "It is pinned to the top, and there by its own band and score.");
	else
		buf_puts(out, "Its place is by its own band and score, behind its blockers.");
	if (order->cycle && order->cycle[row] > 0)
		buf_puts(out,
			" It is part of a cycle of blockers, which count as not blocking each "
			"other.");
}

static void write_order(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	struct buf text = BUF_INIT;

	describe_order(&text, ranking, row);
	json_key(json, "order");
	json_object_begin(json);
	view_write_order(json, ranking, row, true);
	json_put(json, "text", str, buf_view(&text));
	json_object_end(json);
	json->out->failed = json->out->failed || text.failed;
	buf_release(&text);
}

/* ---- in words ---- */

static void describe_absence(struct buf *out, const struct ranking *ranking, uint32_t row)
{
	const uint8_t *by = ranking->decision.out;

	buf_puts(out, "Not ranked: ");
	if (by && by[row] != WN_NOT_OUT)
		verdict_describe_out(out, ranking, row);
	else
		buf_printf(out, "its status is %.*s.",
			STR_ARG(ranking_text(ranking, row, ROW_STATUS)));
}

static void describe_score(struct buf *out, const struct ranking *ranking, uint32_t row)
{
	double base = ranking->decision.evidence.score[row], score = ranking->decision.score[row];
	const char *band = ranking_band_name(ranking, row);

	if (isnan(score)) {
		buf_puts(out, "it has no score, and such items come last");
	} else {
		buf_puts(out, "score ");
		num_format(out, score);
	}
	if (!isnan(score) && score != base) {
		buf_puts(out, " (");
		num_format(out, base);
		buf_puts(out, " by the model, the rest by boosts)");
	}
	if (band)
		buf_printf(out, ", band %s", band);
}

static void describe_place(struct buf *out, const struct ranking *ranking, uint32_t row)
{
	const struct wn_ranking *order = &ranking->decision.order;

	buf_printf(out, "Rank %u of %zu: ", order->rank[row], order->count);
	describe_score(out, ranking, row);
	if (order->carries && order->carries[row] != row)
		buf_printf(out, "; placed by the urgency of %.*s, which waits for it",
			STR_ARG(ranking_text(ranking, order->carries[row], ROW_EXTERNAL_ID)));
	if (order->cycle && order->cycle[row] > 0)
		buf_puts(out,
			"; it is part of a cycle of blockers, which count as not blocking each "
			"other");
	buf_putc(out, '.');
}

static void describe_range(struct buf *out, const struct rank_range *range)
{
	if (range->best == range->worst)
		return;
	buf_printf(out,
		" If what is unknown were known, it could stand at rank %u to %u by score alone.",
		range->best, range->worst);
}

static void write_text(struct json_writer *json, const struct ranking *ranking, uint32_t row,
	const struct rank_range *range)
{
	struct buf text = BUF_INIT;

	if (ranking->decision.order.rank[row] > 0) {
		describe_place(&text, ranking, row);
	} else {
		describe_absence(&text, ranking, row);
		json_put(json, "why_not_ranked", str, buf_view(&text));
	}
	verdict_describe(&text, ranking, row);
	if (ranking->decision.order.rank[row] > 0)
		describe_range(&text, range);
	json_put(json, "text", str, buf_view(&text));
	json->out->failed = json->out->failed || text.failed;
	buf_release(&text);
}

/* ---- the answer ---- */

static enum error write_explanation(struct request *request, struct response *response,
	const struct ranking *ranking, uint32_t row)
{
	struct rank_range range = find_rank_range(ranking, row);
	uint32_t rank = ranking->decision.order.rank[row];
	struct json_writer json;
	bool ok;

	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	view_write_row(&json, ranking, row);
	view_write_ranking(&json, ranking);
	json_put(&json, "ranked", bool, rank > 0);
	json_key(&json, "rank");
	if (rank > 0)
		json_int(&json, rank);
	else
		json_nil(&json);
	write_rank_range(&json, &range);
	view_write_score(&json, ranking, row);
	ok = write_evidence(&json, &request->arena, ranking, row) &&
	     verdict_write(&json, &request->arena, ranking, row);
	review_write_state(&json, ranking, row);
	write_order(&json, ranking, row);
	write_text(&json, ranking, row, &range);
	json_object_end(&json);
	return ok ? response_done(response) : ERR_NO_MEMORY;
}

static enum error explain(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct ranking *ranking;
	uint32_t row;
	enum error error = request_query_only(request, known);

	if (!error)
		error = view_item(request, &ranking, &row);
	if (error)
		return error;
	if (!view_may_sweep(request, ranking))
		error = ERR_WOULD_BLOCK; /* the rank's range asks all rows */
	else if (!view_headers(request, response, ranking))
		error = write_explanation(request, response, ranking, row);
	ranking_unref(ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/items/{id}/explanation",
		.roles = ROLES_READ,
		.flags = ROUTE_MEMORY,
		.handle = explain,
	},
};
const struct route_table explanation_routes = {routes, sizeof routes / sizeof *routes};
