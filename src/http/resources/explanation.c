/*
 * GET …/items/{id}/explanation: why an item has its score, its band and its place.
 */
#include <math.h>

#include "base/num.h"
#include "http/resources/view.h"
#include "http/resources/tables.h"

static void write_contribution(struct json_writer *json, struct buf *text,
	const struct ranking *ranking, uint32_t row, const struct wn_contribution *c)
{
	const struct wn_term *term = &ranking->model->model.terms[c->term];
	enum evidence evidence = ranking_evidence(ranking, row, term->column);

	json_object_begin(json);
	json_put(json, "feature", str, ranking->model->term_features[c->term]->name);
	json_put(json, "weight", number, term->weight);
	json_put(json, "value", number, c->value);
	json_put(json, "counted", number, c->counted);
	json_put(json, "scaled", number, c->scaled);
	json_put(json, "contribution", number, c->contribution);
	json_put(json, "lowest", number, c->lowest);
	json_put(json, "highest", number, c->highest);
	json_put(json, "assumed", bool, c->assumed);
	if (evidence != EVIDENCE_NONE)
		json_put(json, "evidence", text, item_evidence_word(evidence));
	buf_reset(text);
	view_contribution_text(text, ranking, c);
	json_put(json, "text", str, buf_view(text));
	json_object_end(json);
}

/* Added in term order from zero: the score to the last bit. */
static bool write_contributions(
	struct json_writer *json, struct arena *arena, const struct ranking *ranking, uint32_t row)
{
	const struct wn_contribution *all = view_contributions(arena, ranking, row);
	struct buf text = BUF_INIT;
	double sum = 0.0;

	if (!all)
		return false;
	json_key(json, "contributions");
	json_array_begin(json);
	for (size_t i = 0; i < ranking->model->model.term_count; i++) {
		write_contribution(json, &text, ranking, row, &all[i]);
		sum += all[i].contribution;
	}
	json_array_end(json);
	json_put(json, "sum", number, sum);
	buf_release(&text);
	return !text.failed;
}

static void write_formula(struct json_writer *json, const struct ranking *ranking)
{
	struct buf formula = BUF_INIT;

	model_formula(&formula, ranking->model);
	json_put(json, "formula", str, buf_view(&formula));
	json->out->failed = json->out->failed || formula.failed;
	buf_release(&formula);
}

static void describe_place(struct buf *out, const struct ranking *ranking, uint32_t row)
{
	const struct wn_ranking *order = &ranking->decision.order;
	const char *band = ranking_band_name(ranking, row);

	if (order->rank[row] == 0) {
		buf_printf(out, "Not ranked: its status is %.*s.",
			STR_ARG(ranking_text(ranking, row, ROW_STATUS)));
		return;
	}
	buf_printf(out, "Rank %u of %zu", order->rank[row], order->count);
	if (isnan(ranking->decision.score[row])) {
		buf_puts(out, ": it has no score, and such items come last.");
		return;
	}
	buf_puts(out, ": score ");
	num_format(out, ranking->decision.score[row]);
	buf_printf(out, ", band %s", band ? band : "none");
	if (order->carries && order->carries[row] != row)
		buf_printf(out, "; placed by the urgency of %.*s, which waits for it",
			STR_ARG(ranking_text(ranking, order->carries[row], ROW_EXTERNAL_ID)));
	if (order->cycle && order->cycle[row] > 0)
		buf_puts(out,
			"; it is part of a cycle of blockers, which count as not blocking each "
			"other");
	buf_putc(out, '.');
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

static enum error write_explanation(struct request *request, struct response *response,
	const struct ranking *ranking, uint32_t row)
{
	struct buf place = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	view_write_row(&json, ranking, row);
	view_write_ranking(&json, ranking);
	json_put(&json, "ranked", bool, ranking->decision.order.rank[row] > 0);
	json_key(&json, "rank");
	if (ranking->decision.order.rank[row] > 0)
		json_int(&json, ranking->decision.order.rank[row]);
	else
		json_text(&json, NULL);
	view_write_score(&json, ranking, row);
	write_formula(&json, ranking);
	if (!write_contributions(&json, &request->arena, ranking, row))
		response->body.failed = true;
	write_order(&json, ranking, row);
	describe_place(&place, ranking, row);
	if (ranking->decision.order.rank[row] == 0)
		json_put(&json, "why_not_ranked", str, buf_view(&place));
	json_put(&json, "text", str, buf_view(&place));
	json_object_end(&json);
	response->body.failed = response->body.failed || place.failed;
	buf_release(&place);
	return response_done(response);
}

static enum error explain(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct ranking *ranking;
	struct uuid id;
	uint32_t row;
	enum error error = request_query_only(request, known);

	if (!error)
		error = param_uuid(request, 1, &id);
	if (!error)
		error = view_ranking(request, &ranking);
	if (error)
		return error;
	row = ranking_find(ranking, &id);
	if (row == WN_ROW_NONE)
		error = ERR_NOT_FOUND;
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
