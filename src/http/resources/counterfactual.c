/*
 * GET …/items/{id}/counterfactual?band= or ?rank=: the least that would have to be different for
 * the item to be there, or what makes it impossible.
 */
#include <math.h>

#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "http/resources/whatif.h"
#include "service/counterfactual.h"

/* ---- the question ---- */

static enum error read_band(
	struct request *request, const struct ranking *ranking, struct counterfactual_target *out)
{
	const struct wn_model *model = &ranking->model->model;
	struct str name = request_query(request, "band");

	for (size_t i = 0; i < model->band_count; i++) {
		if (!str_is(name, model->bands[i].name))
			continue;
		out->band = (uint8_t)i;
		return ERR_OK;
	}
	diag_add(&request->diag, "/query/band", "The active model has no such band.");
	return ERR_INVALID;
}

static enum error read_target(
	struct request *request, const struct ranking *ranking, struct counterfactual_target *out)
{
	bool band = request_query(request, "band").ptr != NULL;
	bool rank = request_query(request, "rank").ptr != NULL;
	int64_t wanted;
	enum error error;

	*out = (struct counterfactual_target){.band = WN_BAND_NONE};
	if (band == rank) {
		diag_add(&request->diag, "/query", "Ask for a band, or for a rank.");
		return ERR_INVALID;
	}
	if (band)
		return read_band(request, ranking, out);
	error = request_query_int(request, "rank", 1, UINT32_MAX, 1, &wanted);
	if (error)
		return error;
	out->rank = (uint32_t)wanted;
	if (out->rank <= ranking->decision.order.count)
		return ERR_OK;
	diag_add(&request->diag, "/query/rank", "There are %zu ranked items.",
		ranking->decision.order.count);
	return ERR_INVALID;
}

/* ---- the answer ---- */

static void write_value(
	struct json_writer *json, const struct feature_definition *feature, double value)
{
	size_t index = (size_t)(isnan(value) || value < 0 ? 0 : value);

	if (!isnan(value) && feature->type == FEATURE_CATEGORY && index < feature->category_count)
		json_str(json, feature->categories[index]);
	else if (!isnan(value) && feature->type == FEATURE_BOOLEAN)
		json_bool(json, value != 0);
	else
		json_number(json, value);
}

static void write_way(
	struct json_writer *json, const char *key, const struct counterfactual_way *way)
{
	json_key(json, key);
	if (way->inputs == 0) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	json_key(json, "changes");
	json_array_begin(json);
	for (size_t i = 0; i < way->inputs; i++) {
		json_object_begin(json);
		json_put(json, "feature", str, way->input[i].feature->name);
		json_key(json, "from");
		write_value(json, way->input[i].feature, way->input[i].from);
		json_key(json, "to");
		write_value(json, way->input[i].feature, way->input[i].to);
		json_object_end(json);
	}
	json_array_end(json);
	json_put(json, "size", number, way->size);
	json_put(json, "score", number, way->score);
	json_key(json, "rank_after");
	if (way->rank_after > 0)
		json_int(json, way->rank_after);
	else
		json_nil(json);
	json_put(json, "band_after", text, way->band_after);
	json_put(json, "met", bool, way->met);
	json_object_end(json);
}

static const char *override_kind(const struct ranking *ranking, uint32_t index)
{
	static const char *const kinds[WN_OVERRIDE_KINDS] = {
		[WN_OVERRIDE_PIN] = "pin",
		[WN_OVERRIDE_BOOST] = "boost",
		[WN_OVERRIDE_BAND] = "band",
		[WN_OVERRIDE_BEFORE] = "before",
		[WN_OVERRIDE_EXCLUDE] = "exclude",
		[WN_OVERRIDE_DEFER] = "defer",
	};

	return kinds[ranking->input.overrides[index].kind];
}

static void write_impossible(
	struct json_writer *json, const struct ranking *ranking, const struct counterfactual *found)
{
	json_key(json, "impossible");
	if (found->bar == COUNTERFACTUAL_FREE || found->bar == COUNTERFACTUAL_RELATIVE) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	if (found->bar == COUNTERFACTUAL_NOT_RANKED) {
		json_put(json, "by", text, "status");
	} else if (found->bar == COUNTERFACTUAL_BY_RULE) {
		json_put(json, "by", text, "rule");
		json_key(json, "rule");
		whatif_write_rule(json, &ranking->policy->rules[found->by]);
	} else {
		json_put(json, "by", text, "override");
		json_key(json, "override");
		json_object_begin(json);
		json_put(json, "id", uuid, &ranking->overrides->rows[found->by].id);
		json_put(json, "kind", text, override_kind(ranking, found->by));
		json_object_end(json);
	}
	json_object_end(json);
}

static void describe_bar(
	struct buf *out, const struct ranking *ranking, const struct counterfactual *found)
{
	if (found->bar == COUNTERFACTUAL_RELATIVE)
		buf_printf(out,
			"Scores of a model of kind %s depend on the other items, so no single "
			"value "
			"can be named. Try values with a simulation.",
			wn_model_kind_name(ranking->input.model->kind));
	else if (found->bar == COUNTERFACTUAL_NOT_RANKED)
		buf_puts(out, "No value can do it: the item's status does not rank.");
	else if (found->bar == COUNTERFACTUAL_BY_RULE)
		buf_printf(out, "No value can do it as the rules hit now: %.*s (rule %.*s).",
			STR_ARG(ranking->policy->rules[found->by].reason),
			STR_ARG(ranking->policy->rules[found->by].id));
	else
		buf_printf(out, "No value can do it: a person's override (%s) decides this.",
			override_kind(ranking, found->by));
}

static void describe_way(struct buf *out, const struct counterfactual_way *way)
{
	for (size_t i = 0; i < way->inputs; i++) {
		struct buf value = BUF_INIT;
		struct json_writer json;

		json_writer_init(&json, &value);
		write_value(&json, way->input[i].feature, way->input[i].to);
		buf_printf(out, "%s%.*s to %.*s", i > 0 ? " and " : "",
			STR_ARG(way->input[i].feature->name), STR_ARG(buf_view(&value)));
		out->failed = out->failed || value.failed;
		buf_release(&value);
	}
}

static void describe(
	struct buf *out, const struct ranking *ranking, const struct counterfactual *found)
{
	const struct counterfactual_way *way = found->pair.met ? &found->pair : &found->single;

	if (found->already && found->lifted_by != WN_ROW_NONE) {
		buf_printf(out, "It is there already: rule %.*s lifts it.",
			STR_ARG(ranking->policy->rules[found->lifted_by].id));
	} else if (found->already) {
		buf_puts(out, "It is there already.");
	} else if (found->bar != COUNTERFACTUAL_FREE) {
		describe_bar(out, ranking, found);
	} else if (way->met) {
		buf_puts(out, "Enough would be: ");
		describe_way(out, way);
		buf_putc(out, '.');
	} else if (found->single.inputs > 0 || found->pair.inputs > 0) {
		buf_puts(out,
			"The score could be reached, but blockers, rules or other items would keep "
			"the item from its place.");
	} else {
		buf_puts(out, "No change of one or two inputs gives the score that it takes.");
	}
}

static void write_reachable(struct json_writer *json, const struct counterfactual *found)
{
	json_key(json, "reachable");
	if (found->bar == COUNTERFACTUAL_RELATIVE)
		json_nil(json);
	else
		json_bool(json, found->already || found->single.met || found->pair.met);
}

static void write_target(struct json_writer *json, const struct ranking *ranking,
	const struct counterfactual_target *target)
{
	json_key(json, "target");
	json_object_begin(json);
	if (target->band != WN_BAND_NONE) {
		json_put(json, "band", text, ranking->model->model.bands[target->band].name);
	} else {
		json_put(json, "rank", int, target->rank);
		json_key(json, "item");
		json_object_begin(json);
		view_write_row(json, ranking, ranking->decision.order.order[target->rank - 1]);
		json_object_end(json);
	}
	json_object_end(json);
}

static void write_lift(
	struct json_writer *json, const struct ranking *ranking, const struct counterfactual *found)
{
	json_put(json, "already", bool, found->already);
	json_key(json, "lifted_by");
	if (found->lifted_by != WN_ROW_NONE)
		whatif_write_rule(json, &ranking->policy->rules[found->lifted_by]);
	else
		json_nil(json);
}

static enum error answer(struct request *request, struct response *response,
	const struct ranking *ranking, uint32_t row)
{
	struct counterfactual_target target;
	struct counterfactual found;
	struct buf text = BUF_INIT;
	struct json_writer json;
	enum error error = read_target(request, ranking, &target);

	if (!error)
		error = counterfactual_find(ranking, row, &target, &request->arena, &found);
	if (error)
		return error;
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	view_write_row(&json, ranking, row);
	view_write_ranking(&json, ranking);
	json_key(&json, "rank");
	if (ranking->decision.order.rank[row] > 0)
		json_int(&json, ranking->decision.order.rank[row]);
	else
		json_nil(&json);
	view_write_score(&json, ranking, row);
	write_target(&json, ranking, &target);
	write_lift(&json, ranking, &found);
	write_reachable(&json, &found);
	json_put(&json, "needed_score", number, found.needed);
	json_put(&json, "exceed", bool, found.exceed);
	write_way(&json, "single", &found.single);
	write_way(&json, "pair", &found.pair);
	write_impossible(&json, ranking, &found);
	describe(&text, ranking, &found);
	json_put(&json, "text", str, buf_view(&text));
	json_object_end(&json);
	response->body.failed = response->body.failed || text.failed;
	buf_release(&text);
	return response_done(response);
}

static enum error counterfactual(struct request *request, struct response *response)
{
	static const char *const known[] = {"band", "rank", "min_revision", NULL};
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
		error = answer(request, response, ranking, row);
	ranking_unref(ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/items/{id}/counterfactual",
		.roles = ROLES_READ,
		.handle = counterfactual,
	},
};
const struct route_table counterfactual_routes = {routes, sizeof routes / sizeof *routes};
