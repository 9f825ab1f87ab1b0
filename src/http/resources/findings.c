/*
 * GET …/findings: what is wrong with the backlog, the policy, the overrides or the service levels, as the
 * newest ranking met it: the order stands all the same. Each list is cut to the limit, the counts are whole.
 * Encoded once per ranking and limit, then shared, as pages of the queue are; but with rules of service
 * levels anew each time, since clocks go on while the ranking stays.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "http/resources/override_view.h"
#include "http/resources/sla_view.h"
#include "http/resources/tables.h"
#include "http/resources/verdict_view.h"
#include "http/resources/view.h"
#include "http/resources/walk.h"
#include "service/finding_watch.h"

enum { FINDINGS_LIMIT_MAX = 500 };

struct shown_findings {
	struct json_writer *json;
	const struct ranking *ranking;
	size_t limit;
};

/* ---- cycles ---- */

/* Members of all cycles, those of one cycle together, each cycle and the cycles by rank. */
struct members {
	uint32_t *row;
	uint32_t *start; /* by cycle; one more than there are */
	size_t cycles;
};

/* Cycles are numbered anew, by their first member. False when memory is out. */
static bool collect_members(const struct ranking *ranking, struct members *out)
{
	const struct wn_ranking *order = &ranking->decision.order;
	uint32_t *number = calloc(order->cycle_count + 1, sizeof *number);
	size_t used = 0;

	*out = (struct members){0};
	out->start = calloc(order->cycle_count + 2, sizeof *out->start);
	for (size_t i = 0; number && out->start && i < order->count; i++) {
		uint32_t cycle = order->cycle[order->order[i]];

		if (cycle == 0)
			continue;
		if (number[cycle] == 0)
			number[cycle] = (uint32_t)++out->cycles;
		out->start[number[cycle]]++;
		used++;
	}
	out->row = reallocarray(NULL, used + 1, sizeof *out->row);
	if (!number || !out->start || !out->row) {
		free(number);
		return false;
	}
	/* start[n] is where cycle n ends; filling from behind makes it where it begins. */
	for (size_t n = 1; n <= out->cycles; n++)
		out->start[n] += out->start[n - 1];
	for (size_t i = order->count; i-- > 0;) {
		uint32_t cycle = order->cycle[order->order[i]];

		if (cycle > 0)
			out->row[--out->start[number[cycle]]] = order->order[i];
	}
	out->start[out->cycles + 1] = (uint32_t)used;
	free(number);
	return true;
}

static void write_cycle(
	const struct shown_findings *findings, const struct members *members, size_t n)
{
	struct json_writer *json = findings->json;
	uint32_t begin = members->start[n], end = members->start[n + 1];

	json_object_begin(json);
	json_put(json, "items", int, (int64_t)end - begin);
	json_key(json, "members");
	json_array_begin(json);
	for (uint32_t i = begin; i < end && i - begin < findings->limit; i++)
		view_write_item(json, findings->ranking, members->row[i]);
	json_array_end(json);
	json_object_end(json);
}

static bool write_cycles(const struct shown_findings *findings, size_t *total)
{
	struct members members = {0};
	bool ok = true;

	*total = findings->ranking->decision.order.cycle_count;
	json_key(findings->json, "cycles");
	json_array_begin(findings->json);
	if (*total > 0) {
		ok = collect_members(findings->ranking, &members);
		for (size_t n = 1; ok && n <= members.cycles && n <= findings->limit; n++)
			write_cycle(findings, &members, n);
	}
	json_array_end(findings->json);
	free(members.row);
	free(members.start);
	return ok;
}

/* ---- blockers that nobody can finish ---- */

static void write_dangling(const struct shown_findings *findings, uint32_t row,
	const struct row_link *link, uint32_t blocker)
{
	const struct ranking *ranking = findings->ranking;
	struct item_link name = block_link_name(ranking_block(ranking, row), link);
	struct json_writer *json = findings->json;

	json_object_begin(json);
	json_key(json, "item");
	view_write_item(json, ranking, row);
	json_key(json, "blocker");
	json_object_begin(json);
	json_put(json, "id", uuid, &link->id);
	json_put(json, "source", str, name.source);
	json_put(json, "external_id", str, name.external_id);
	json_object_end(json);
	json_put(json, "state", text, view_blocker_state(ranking, blocker));
	json_object_end(json);
}

static size_t write_dangling_of(const struct shown_findings *findings, uint32_t row, size_t found)
{
	const struct ranking *ranking = findings->ranking;
	size_t count;
	const struct row_link *links =
		block_links(ranking_block(ranking, row), row % BLOCK_ROWS, &count);

	for (size_t i = 0; i < count; i++) {
		uint32_t blocker = ranking_find(ranking, &links[i].id);

		if (!finding_dangles(ranking, blocker))
			continue;
		if (found < findings->limit)
			write_dangling(findings, row, &links[i], blocker);
		found++;
	}
	return found;
}

static size_t write_all_dangling(const struct shown_findings *findings)
{
	const struct wn_ranking *order = &findings->ranking->decision.order;
	size_t found = 0;

	json_key(findings->json, "dangling_blockers");
	json_array_begin(findings->json);
	for (size_t i = 0; i < order->count; i++)
		found = write_dangling_of(findings, order->order[i], found);
	json_array_end(findings->json);
	return found;
}

/* ---- rules ---- */

static void put_rule(const struct shown_findings *findings, const char *key, uint32_t rule)
{
	json_key(findings->json, key);
	verdict_write_rule(findings->json, findings->ranking, rule);
}

static bool is_hidden(const struct shown_findings *findings, uint32_t rule)
{
	return veil_hides_rule(findings->json, findings->ranking, rule);
}

static void write_contradiction(
	const struct shown_findings *findings, const struct wn_conflict *conflict)
{
	struct json_writer *json = findings->json;
	size_t shown = conflict->rows < WN_CONFLICT_ROWS ? conflict->rows : WN_CONFLICT_ROWS;

	json_object_begin(json);
	put_rule(findings, "holds", conflict->holds);
	put_rule(findings, "yields", conflict->yields);
	json_put(json, "items", int, (int64_t)conflict->rows);
	json_key(json, "examples");
	json_array_begin(json);
	for (size_t i = 0; i < shown; i++)
		view_write_item(json, findings->ranking, conflict->examples[i]);
	json_array_end(json);
	json_object_end(json);
}

static size_t write_contradictions(const struct shown_findings *findings)
{
	const struct wn_decision *decision = &findings->ranking->decision;
	size_t found = 0;

	json_key(findings->json, "contradictions");
	json_array_begin(findings->json);
	for (size_t i = 0; i < decision->conflict_count; i++) {
		const struct wn_conflict *conflict = &decision->conflicts[i];

		if (is_hidden(findings, conflict->holds) || is_hidden(findings, conflict->yields))
			continue;
		if (found++ < findings->limit)
			write_contradiction(findings, conflict);
	}
	json_array_end(findings->json);
	return found;
}

static void write_breach(const struct shown_findings *findings, const struct wn_breach *breach)
{
	const struct wn_rule *rule = &findings->ranking->input.policy->rules[breach->rule];
	struct json_writer *json = findings->json;

	json_object_begin(json);
	put_rule(findings, "rule", breach->rule);
	json_put(json, "effect", text, verdict_effect_name(rule->effect));
	json_put(json, "rank", int, breach->rank);
	json_key(json, "item");
	if (breach->row == WN_ROW_NONE)
		json_nil(json);
	else
		view_write_item(json, findings->ranking, breach->row);
	json_put(json, "warned", bool, breach->warned);
	json_object_end(json);
}

static size_t write_breaches(const struct shown_findings *findings)
{
	const struct wn_ranking *order = &findings->ranking->decision.order;
	size_t found = 0;

	json_key(findings->json, "breaches");
	json_array_begin(findings->json);
	for (size_t i = 0; i < order->breach_count; i++) {
		if (is_hidden(findings, order->breaches[i].rule))
			continue;
		if (found++ < findings->limit)
			write_breach(findings, &order->breaches[i]);
	}
	json_array_end(findings->json);
	return found;
}

/* ---- overrides ---- */

static size_t write_defeated(const struct shown_findings *findings)
{
	const struct ranking *ranking = findings->ranking;
	bool told = !veil_hides(findings->json, ranking); /* what defeats one depends on scores */
	size_t found = 0;

	json_key(findings->json, "defeated_overrides");
	json_array_begin(findings->json);
	for (size_t i = 0; told && i < ranking->input.override_count; i++) {
		const struct override_shown shown = {
			.override = &ranking->overrides->rows[i],
			.now_us = ranking->as_of_us,
			.ranking = ranking,
		};

		if (!finding_defeats(ranking->decision.fates[i].fate))
			continue;
		if (found++ < findings->limit)
			override_write(findings->json, &shown);
	}
	json_array_end(findings->json);
	return found;
}

/* ---- the answer ---- */

static enum error encode_findings(
	struct walk *walk, struct request *request, void *unused, struct buf *out)
{
	int64_t now_us = clock_now_us(request->service->clock);
	struct json_writer json;
	const struct shown_findings findings = {&json, walk->ranking, walk->limit};
	struct sla_findings slas;
	size_t cycles, dangling, contradictions, breaches, defeated;
	bool ok;

	(void)unused;
	if (!view_may_search(request, walk->ranking))
		return ERR_WOULD_BLOCK;
	view_begin(&json, request, out);
	json_object_begin(&json);
	view_write_ranking(&json, walk->ranking);
	ok = write_cycles(&findings, &cycles);
	dangling = write_all_dangling(&findings);
	contradictions = write_contradictions(&findings);
	breaches = write_breaches(&findings);
	defeated = write_defeated(&findings);
	ok = ok && sla_write_findings(&json, walk->ranking, walk->limit, now_us, &slas);
	if (!ok)
		return ERR_NO_MEMORY;
	json_key(&json, "counts");
	json_object_begin(&json);
	json_put(&json, "cycles", int, (int64_t)cycles);
	json_put(&json, "dangling_blockers", int, (int64_t)dangling);
	json_put(&json, "contradictions", int, (int64_t)contradictions);
	json_put(&json, "breaches", int, (int64_t)breaches);
	json_put(&json, "defeated_overrides", int, (int64_t)defeated);
	json_put(&json, "sla_breached", int, (int64_t)slas.breached);
	json_put(&json, "sla_due_soon", int, (int64_t)slas.due_soon);
	json_object_end(&json);
	json_object_end(&json);
	return ERR_OK;
}

static enum error list_findings(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "min_revision", NULL};
	struct walk whole = {0};
	enum error error = request_query_only(request, known);

	if (!error)
		error = walk_begin(&whole, request, FINDINGS_LIMIT_MAX);
	if (error)
		return error;
	if (whole.ranking->slas) {
		response_revision(response, request, whole.ranking->revision);
		error = encode_findings(&whole, request, NULL, &response->body);
	} else {
		error = walk_answer(&whole, request, response, encode_findings, NULL);
	}
	ranking_unref(whole.ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/findings",
		.roles = ROLES_READ,
		.flags = ROUTE_MEMORY,
		.handle = list_findings,
	},
};
const struct route_table finding_routes = {routes, sizeof routes / sizeof *routes};
