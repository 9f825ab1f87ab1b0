/*
 * What a simulation says: the new top, how far it is from the old one, what moved, and which rules
 * cannot hold.
 */
#include <string.h>

#include "http/resources/view.h"
#include "http/resources/whatif.h"

enum { BREACHES_LISTED = 100, UNRESOLVED_LISTED = 50 };

void whatif_write_rule(struct json_writer *json, const struct policy_rule *rule)
{
	json_object_begin(json);
	json_put(json, "id", str, rule->id);
	json_put(json, "effect", text, policy_effect_name(rule->rule.effect));
	json_put(json, "reason", str, rule->reason);
	json_object_end(json);
}

static void write_rank(struct json_writer *json, const char *key, uint32_t rank)
{
	json_key(json, key);
	if (rank > 0)
		json_int(json, rank);
	else
		json_nil(json);
}

static void write_item(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	json_key(json, "item");
	json_object_begin(json);
	view_write_row(json, ranking, row);
	json_object_end(json);
}

static void write_version(
	struct json_writer *json, const char *key, int64_t version, struct str name)
{
	json_key(json, key);
	json_object_begin(json);
	json_key(json, "version");
	if (version > 0)
		json_int(json, version);
	else
		json_nil(json);
	json_put(json, "name", str, name);
	json_object_end(json);
}

/* ---- the order ---- */

static void write_top(struct json_writer *json, const struct simulation *simulation,
	const struct simulation_summary *summary)
{
	const struct wn_decision *after = &simulation->decision;

	json_key(json, "top");
	json_array_begin(json);
	for (size_t i = 0; i < summary->top_after; i++) {
		uint32_t row = after->order.order[i];

		json_object_begin(json);
		json_put(json, "rank", int, (int64_t)i + 1);
		write_rank(json, "was", simulation->base->decision.order.rank[row]);
		json_put(json, "score", number, after->score[row]);
		json_put(json, "band", text, simulation_band_name(simulation, row));
		json_put(json, "held", bool, after->held && after->held[row]);
		write_item(json, simulation->base, row);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_moved(struct json_writer *json, const struct simulation *simulation,
	const struct simulation_summary *summary)
{
	json_key(json, "moved");
	json_array_begin(json);
	for (size_t i = 0; i < summary->moved_listed; i++) {
		json_object_begin(json);
		write_rank(json, "was", summary->moved[i].was);
		write_rank(json, "rank", summary->moved[i].rank);
		write_item(json, simulation->base, summary->moved[i].row);
		json_object_end(json);
	}
	json_array_end(json);
	json_put(json, "moved_count", int, (int64_t)summary->moved_count);
}

static void write_added(struct json_writer *json, const struct simulation *simulation,
	const struct simulation_summary *summary)
{
	json_key(json, "added");
	json_array_begin(json);
	for (size_t i = 0; i < summary->added_listed; i++) {
		json_object_begin(json);
		write_rank(json, "rank", summary->added[i].rank);
		write_item(json, simulation->base, summary->added[i].row);
		json_object_end(json);
	}
	json_array_end(json);
	json_put(json, "added_count", int, (int64_t)summary->added_count);
}

static const char *event_of(const struct simulation_request *wanted, uint32_t row)
{
	static const char *const words[SIMULATION_EVENTS] = {
		[SIMULATION_DROP] = "dropped",
		[SIMULATION_DELAY] = "delayed",
		[SIMULATION_FINISH] = "finished",
	};

	for (size_t i = 0; i < wanted->item_count; i++) {
		if (wanted->items[i].row == row)
			return words[wanted->items[i].event];
	}
	return NULL;
}

/* What takes an item out that was in. */
static void write_cause(struct json_writer *json, const struct simulation *simulation,
	const struct simulation_request *wanted, uint32_t row)
{
	const struct wn_decision *after = &simulation->decision;
	const char *event = event_of(wanted, row);
	bool by_rule = after->out && after->out[row] == WN_OUT_BY_RULE;

	json_put(json, "because", text,
		by_rule                                       ? "rule"
		: event                                       ? event
		: after->out && after->out[row] != WN_NOT_OUT ? "override"
							      : "status");
	if (!by_rule)
		return;
	json_key(json, "rule");
	whatif_write_rule(json, &simulation->policy->rules[after->out_by[row]]);
}

static void write_removed(struct json_writer *json, const struct simulation *simulation,
	const struct simulation_request *wanted, const struct simulation_summary *summary)
{
	json_key(json, "removed");
	json_array_begin(json);
	for (size_t i = 0; i < summary->removed_listed; i++) {
		json_object_begin(json);
		write_rank(json, "was", summary->removed[i].was);
		write_cause(json, simulation, wanted, summary->removed[i].row);
		write_item(json, simulation->base, summary->removed[i].row);
		json_object_end(json);
	}
	json_array_end(json);
	json_put(json, "removed_count", int, (int64_t)summary->removed_count);
}

/* ---- bands and streams ---- */

static void write_bands(struct json_writer *json, const struct simulation_summary *summary)
{
	json_key(json, "bands");
	json_array_begin(json);
	for (size_t i = 0; i < summary->crossing_count; i++) {
		json_object_begin(json);
		json_put(json, "from", text, summary->crossings[i].from);
		json_put(json, "to", text, summary->crossings[i].to);
		json_put(json, "count", int, (int64_t)summary->crossings[i].count);
		json_object_end(json);
	}
	json_array_end(json);
}

static double share(size_t part, size_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static void write_streams(struct json_writer *json, const struct simulation_summary *summary)
{
	json_key(json, "streams");
	json_array_begin(json);
	for (size_t i = 0; i < summary->stream_count; i++) {
		const struct simulation_stream *stream = &summary->streams[i];

		json_object_begin(json);
		json_put(json, "stream", str, stream->stream);
		json_put(json, "share_before", number, share(stream->before, summary->top_before));
		json_put(json, "share_after", number, share(stream->after, summary->top_after));
		json_object_end(json);
	}
	json_array_end(json);
}

/* ---- rules that cannot hold ---- */

struct verdicts {
	const struct ranking *ranking; /* names the items */
	const struct policy_version *policy;
	const struct wn_decision *decision;
};

static void write_name(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	json_object_begin(json);
	json_put(json, "id", uuid, &ranking_facts(ranking, row)->id);
	json_put(json, "source", str, ranking_text(ranking, row, ROW_SOURCE));
	json_put(json, "external_id", str, ranking_text(ranking, row, ROW_EXTERNAL_ID));
	json_object_end(json);
}

static void write_conflict(struct json_writer *json, const struct verdicts *verdicts,
	const struct wn_conflict *conflict)
{
	json_object_begin(json);
	json_put(json, "holds", str, verdicts->policy->rules[conflict->holds].id);
	json_put(json, "yields", str, verdicts->policy->rules[conflict->yields].id);
	json_put(json, "count", int, (int64_t)conflict->rows);
	json_key(json, "first");
	json_array_begin(json);
	for (size_t i = 0; i < conflict->rows && i < WN_CONFLICT_ROWS; i++)
		write_name(json, verdicts->ranking, conflict->examples[i]);
	json_array_end(json);
	json_object_end(json);
}

static void write_breach(
	struct json_writer *json, const struct verdicts *verdicts, const struct wn_breach *breach)
{
	json_object_begin(json);
	json_put(json, "rule", str, verdicts->policy->rules[breach->rule].id);
	json_put(json, "rank", int, breach->rank);
	json_put(json, "warned", bool, breach->warned);
	json_key(json, "item");
	if (breach->row != WN_ROW_NONE)
		write_name(json, verdicts->ranking, breach->row);
	else
		json_nil(json);
	json_object_end(json);
}

static void write_verdicts(struct json_writer *json, const struct verdicts *verdicts)
{
	const struct wn_ranking *order = &verdicts->decision->order;

	json_key(json, "conflicts");
	json_array_begin(json);
	for (size_t i = 0; i < verdicts->decision->conflict_count; i++)
		write_conflict(json, verdicts, &verdicts->decision->conflicts[i]);
	json_array_end(json);
	json_key(json, "breaches");
	json_array_begin(json);
	for (size_t i = 0; i < order->breach_count && i < BREACHES_LISTED; i++)
		write_breach(json, verdicts, &order->breaches[i]);
	json_array_end(json);
	json_put(json, "breach_count", int, (int64_t)order->breach_count);
}

/* ---- who waits for what will not be done ---- */

static void write_waiting(struct json_writer *json, const struct simulation *simulation,
	const struct simulation_request *wanted, const struct wn_edge *edge)
{
	json_object_begin(json);
	json_key(json, "item");
	write_name(json, simulation->base, edge->blocked);
	json_key(json, "blocker");
	write_name(json, simulation->base, edge->blocker);
	json_put(json, "state", text, event_of(wanted, edge->blocker));
	json_object_end(json);
}

/* Marks the rows that are dropped or delayed. NULL when memory is out. */
static const uint8_t *missing_rows(struct arena *arena, const struct simulation *simulation,
	const struct simulation_request *wanted)
{
	uint8_t *missing = arena_alloc(arena, simulation->population.rows + 1);

	for (size_t i = 0; missing && i < wanted->item_count; i++)
		missing[wanted->items[i].row] = wanted->items[i].event != SIMULATION_FINISH;
	return missing;
}

static bool write_unresolved(struct json_writer *json, struct arena *arena,
	const struct simulation *simulation, const struct simulation_request *wanted)
{
	const struct wn_population *population = &simulation->population;
	const uint8_t *missing = NULL;
	size_t edges = 0, count = 0;

	if (wanted->item_count > 0) {
		missing = missing_rows(arena, simulation, wanted);
		edges = population->edge_count;
		if (!missing)
			return false;
	}
	json_key(json, "unresolved");
	json_array_begin(json);
	for (size_t i = 0; i < edges; i++) {
		const struct wn_edge *edge = &population->edges[i];

		if (!missing[edge->blocker] || simulation->decision.order.rank[edge->blocked] == 0)
			continue;
		if (count++ < UNRESOLVED_LISTED)
			write_waiting(json, simulation, wanted, edge);
	}
	json_array_end(json);
	json_put(json, "unresolved_count", int, (int64_t)count);
	return true;
}

/* ---- the whole ---- */

static void write_orders(struct json_writer *json, const struct simulation *simulation)
{
	json_put(json, "count", int, (int64_t)simulation->decision.order.count);
	json_put(json, "tau", number, simulation->orders.tau);
	json_key(json, "churn");
	json_object_begin(json);
	json_put(json, "top", int, (int64_t)simulation->orders.top);
	json_put(json, "entered", int, (int64_t)simulation->orders.entered);
	json_put(json, "left", int, (int64_t)simulation->orders.left);
	json_object_end(json);
}

static void write_before(struct json_writer *json, const struct ranking *base)
{
	struct verdicts before = {base, base->policy, &base->decision};

	json_key(json, "before");
	json_object_begin(json);
	write_verdicts(json, &before);
	json_object_end(json);
}

static void write_basis(struct json_writer *json, const struct simulation *simulation)
{
	json_key(json, "base");
	json_object_begin(json);
	view_write_ranking(json, simulation->base);
	json_object_end(json);
	write_version(json, "model", simulation->model->version, simulation->model->name);
	if (simulation->policy)
		write_version(
			json, "policy", simulation->policy->version, simulation->policy->name);
	else
		json_put(json, "policy", text, NULL);
}

enum error whatif_write(struct request *request, struct json_writer *json,
	const struct simulation_request *wanted, const struct simulation *simulation)
{
	struct verdicts after = {simulation->base, simulation->policy, &simulation->decision};
	struct simulation_summary *summary;
	enum error error = simulation_summarize(simulation, &request->arena, &summary);

	if (error)
		return error;
	write_basis(json, simulation);
	write_orders(json, simulation);
	write_top(json, simulation, summary);
	write_moved(json, simulation, summary);
	write_added(json, simulation, summary);
	write_removed(json, simulation, wanted, summary);
	write_bands(json, summary);
	write_streams(json, summary);
	write_verdicts(json, &after);
	write_before(json, simulation->base);
	return write_unresolved(json, &request->arena, simulation, wanted) ? ERR_OK : ERR_BUDGET;
}
