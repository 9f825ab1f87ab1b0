/*
 * GET …/items/{id}/counterfactual?band= or ?rank=: the least that would have to be different for
 * the item to be there, or what makes it impossible.
 */
#include <math.h>

#include "base/clock.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "http/resources/whatif.h"
#include "service/counterfactual.h"

enum { S_PER_DAY = 86400, DATE_CHARS = 10 };

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

static void write_date(struct json_writer *json, double seconds)
{
	char text[32];
	int64_t s = (int64_t)seconds;

	time_to_text(s * US_PER_S, text);
	if (s % S_PER_DAY == 0)
		text[DATE_CHARS] = '\0';
	json_text(json, text);
}

/* What a text says is nobody's business here. */
static void write_value(
	struct json_writer *json, const struct feature_definition *feature, double value)
{
	size_t index = (size_t)(isnan(value) || value < 0 ? 0 : value);

	if (isnan(value) || feature->type == FEATURE_TEXT)
		json_nil(json);
	else if (feature->type == FEATURE_CATEGORY && index < feature->category_count)
		json_str(json, feature->categories[index]);
	else if (feature->type == FEATURE_BOOLEAN)
		json_bool(json, value != 0);
	else if (feature->type == FEATURE_DATE)
		write_date(json, value);
	else
		json_number(json, value);
}

static void write_changes(
	struct json_writer *json, const struct counterfactual_input *inputs, size_t count)
{
	json_key(json, "changes");
	json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		json_object_begin(json);
		json_put(json, "feature", str, inputs[i].feature->name);
		json_key(json, "from");
		write_value(json, inputs[i].feature, inputs[i].from);
		json_key(json, "to");
		write_value(json, inputs[i].feature, inputs[i].to);
		json_put(json, "any", bool, inputs[i].any);
		json_object_end(json);
	}
	json_array_end(json);
}

/* What came of the changes when the whole was decided again. */
static void write_outcome(struct json_writer *json, double score, uint32_t rank_after,
	const char *band_after, bool met)
{
	json_put(json, "score", number, score);
	json_key(json, "rank_after");
	if (rank_after > 0)
		json_int(json, rank_after);
	else
		json_nil(json);
	json_put(json, "band_after", text, band_after);
	json_put(json, "met", bool, met);
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
	write_changes(json, way->input, way->inputs);
	json_put(json, "size", number, way->size);
	write_outcome(json, way->score, way->rank_after, way->band_after, way->met);
	json_object_end(json);
}

static void write_taken_off(struct json_writer *json, const struct ranking *ranking,
	const struct counterfactual_lift *lift)
{
	json_key(json, "lift");
	if (lift->rules == 0) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	json_key(json, "rules");
	json_array_begin(json);
	for (size_t i = 0; i < lift->rules; i++)
		whatif_write_rule(json, &ranking->policy->rules[lift->rule[i]]);
	json_array_end(json);
	write_changes(json, lift->input, lift->inputs);
	write_outcome(json, lift->score, lift->rank_after, lift->band_after, lift->met);
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

static void describe_change(struct buf *out, const struct counterfactual_input *input)
{
	struct buf value = BUF_INIT;
	struct json_writer json;

	buf_str(out, input->feature->name);
	if (input->any) {
		buf_puts(out, " to any value");
		return;
	}
	json_writer_init(&json, &value);
	write_value(&json, input->feature, input->to);
	buf_puts(out, " to ");
	buf_str(out, buf_view(&value));
	out->failed = out->failed || value.failed;
	buf_release(&value);
}

static void describe_changes(
	struct buf *out, const struct counterfactual_input *inputs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_puts(out, i + 1 < count ? ", " : " and ");
		describe_change(out, &inputs[i]);
	}
}

/* What takes rules off, before what is told of the score. */
static void describe_lift(
	struct buf *out, const struct ranking *ranking, const struct counterfactual_lift *lift)
{
	buf_puts(out, lift->rules == 1 ? "Rule " : "Rules ");
	for (size_t i = 0; i < lift->rules; i++) {
		if (i > 0)
			buf_puts(out, i + 1 < lift->rules ? ", " : " and ");
		buf_str(out, ranking->policy->rules[lift->rule[i]].id);
	}
	buf_puts(out, lift->rules == 1 ? " no longer holds with " : " no longer hold with ");
	describe_changes(out, lift->input, lift->inputs);
	buf_puts(out, lift->met ? ", which is enough." : ". ");
}

static void describe_ways(struct buf *out, const struct counterfactual *found)
{
	const struct counterfactual_way *way = found->pair.met ? &found->pair : &found->single;

	if (way->met) {
		buf_puts(out,
			found->lift.rules > 0 ? "Enough besides would be: " : "Enough would be: ");
		describe_changes(out, way->input, way->inputs);
		buf_putc(out, '.');
	} else if (found->single.inputs > 0 || found->pair.inputs > 0) {
		buf_puts(out,
			"The score could be reached, but blockers, rules or other items would keep "
			"the item from its place");
		buf_puts(out,
			found->complete ? "." : " with what was tried. Another change may do.");
	} else if (!found->complete) {
		buf_puts(out, "No such change of one or two inputs was found; one that was not "
			      "tried may do.");
	} else {
		buf_puts(out, "No change of one or two inputs gives the score that it takes.");
	}
}

static void describe(
	struct buf *out, const struct ranking *ranking, const struct counterfactual *found)
{
	if (found->already && found->lifted_by != WN_ROW_NONE) {
		buf_printf(out, "It is there already: rule %.*s lifts it.",
			STR_ARG(ranking->policy->rules[found->lifted_by].id));
		return;
	}
	if (found->already) {
		buf_puts(out, "It is there already.");
		return;
	}
	if (found->lift.rules > 0)
		describe_lift(out, ranking, &found->lift);
	if (found->bar != COUNTERFACTUAL_FREE)
		describe_bar(out, ranking, found);
	else if (!found->lift.met)
		describe_ways(out, found);
}

/* Null where it cannot be told. */
static void write_reachable(struct json_writer *json, const struct counterfactual *found)
{
	bool met = found->already || found->lift.met || found->single.met || found->pair.met;
	bool open = found->bar == COUNTERFACTUAL_RELATIVE ||
		    (found->bar == COUNTERFACTUAL_FREE && !found->complete);

	json_key(json, "reachable");
	if (!met && open)
		json_nil(json);
	else
		json_bool(json, met);
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
	const struct ranking *ranking, uint32_t row, struct counterfactual_target target)
{
	struct counterfactual found;
	struct buf text = BUF_INIT;
	struct json_writer json;
	enum error error = counterfactual_find(ranking, row, &target, &request->arena, &found);

	if (error)
		return error;
	view_begin(&json, request, &response->body);
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
	write_taken_off(&json, ranking, &found.lift);
	write_way(&json, "single", &found.single);
	write_way(&json, "pair", &found.pair);
	write_impossible(&json, ranking, &found);
	json_put(&json, "complete", bool, found.complete);
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
	struct counterfactual_target target;
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
	else
		error = veil_refuse(request);
	if (!error)
		error = read_target(request, ranking, &target);
	if (!error && !view_headers(request, response, ranking))
		error = answer(request, response, ranking, row, target);
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
