/*
 * GET …/queue/excluded: open items that are not in the queue, because a rule or a person took them
 * out, with the reason. By reason, then by who was stored first.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "http/resources/tables.h"
#include "http/resources/verdict_view.h"
#include "http/resources/view.h"
#include "http/resources/walk.h"

enum { EXCLUDED_LIMIT_MAX = 500 };

struct excluded_query {
	struct str stream, team, rule; /* absent: any */
};

static enum error read_query(struct walk *walk, struct request *request, struct excluded_query *out)
{
	static const char *const known[] = {
		"stream", "team", "rule", "limit", "cursor", "min_revision", NULL};
	enum error error = request_query_only(request, known);

	if (!error)
		error = walk_filter(walk, request, "stream", &out->stream);
	if (!error)
		error = walk_filter(walk, request, "team", &out->team);
	if (!error)
		error = walk_filter(walk, request, "rule", &out->rule);
	return error;
}

/* A rule that is hidden, rules in the policy's order, then overrides that exclude, then those that
 * defer. */
static uint64_t reason_of(
	const struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	struct verdict_out out = verdict_out_of(json, ranking, row);

	return (uint64_t)out.out << 32 | (out.out == WN_OUT_BY_RULE ? out.by : 0);
}

/* The rows, and who reads them. */
struct sorting {
	const struct json_writer *json;
	const struct ranking *ranking;
};

static int compare_rows(const void *a, const void *b, void *of)
{
	const struct sorting *sorting = of;
	const struct ranking *ranking = sorting->ranking;
	const struct wn_population *population = &ranking->population;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint64_t left = reason_of(sorting->json, ranking, x),
		 right = reason_of(sorting->json, ranking, y);

	if (left != right)
		return left < right ? -1 : 1;
	if (population->first_revision[x] != population->first_revision[y])
		return population->first_revision[x] < population->first_revision[y] ? -1 : 1;
	return memcmp(population->id[x], population->id[y], sizeof population->id[x]);
}

static struct shared_body *sort_rows(const struct json_writer *json, struct ranking *ranking)
{
	struct sorting sorting = {json, ranking};
	size_t count = view_count_out(ranking);
	struct buf bytes = BUF_INIT;

	buf_reserve(&bytes, (count + 1) * sizeof(uint32_t));
	for (uint32_t row = 0; count > 0 && row < ranking->rows; row++) {
		if (ranking->decision.out[row] != WN_NOT_OUT)
			buf_append(&bytes, &row, sizeof row);
	}
	if (bytes.failed) {
		buf_release(&bytes);
		return NULL;
	}
	if (count > 1)
		qsort_r(bytes.data, count, sizeof(uint32_t), compare_rows, &sorting);
	return shared_body_new(&bytes);
}

/* All that are out, in the order shown: a list of uint32_t, sorted once and kept among the ranking's
 * pages. A reference; NULL when memory is out. */
static struct shared_body *list_rows(
	const struct request *request, const struct json_writer *json, struct ranking *ranking)
{
	const struct str key =
		veil_is_on(request) ? STR("excluded: rows-m") : STR("excluded: rows");
	struct shared_body *rows = ranking_page_get(ranking, key);

	if (rows)
		return rows;
	rows = sort_rows(json, ranking);
	if (rows)
		ranking_page_put(ranking, key, rows);
	return rows;
}

static bool matches(const struct json_writer *json, const struct ranking *ranking, uint32_t row,
	const struct excluded_query *query)
{
	struct verdict_out out;

	if (query->stream.ptr && !str_eq(ranking_text(ranking, row, ROW_STREAM), query->stream))
		return false;
	if (query->team.ptr && !str_eq(ranking_text(ranking, row, ROW_TEAM), query->team))
		return false;
	if (!query->rule.ptr)
		return true;
	out = verdict_out_of(json, ranking, row);
	return out.out == WN_OUT_BY_RULE && str_eq(ranking->policy->rules[out.by].id, query->rule);
}

/* How many are out for each reason; a person's decisions are counted together by their kind. */
static void write_reasons(
	struct json_writer *json, const struct ranking *ranking, const uint32_t *rows, size_t count)
{
	json_key(json, "reasons");
	json_array_begin(json);
	for (size_t i = 0, next; i < count; i = next) {
		uint64_t reason = reason_of(json, ranking, rows[i]);
		struct verdict_out out = verdict_out_of(json, ranking, rows[i]);

		for (next = i + 1; next < count; next++) {
			if (reason_of(json, ranking, rows[next]) != reason)
				break;
		}
		json_object_begin(json);
		if (out.out == WN_OUT_BY_RULE || out.out == WN_NOT_OUT) {
			verdict_write_out(json, ranking, rows[i]);
		} else {
			json_key(json, "by");
			json_object_begin(json);
			json_put(json, "kind", text,
				out.out == WN_OUT_BY_DEFER ? "defer" : "exclude");
			json_object_end(json);
		}
		json_put(json, "items", int, (int64_t)(next - i));
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_item(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	json_object_begin(json);
	view_write_row(json, ranking, row);
	json_put(json, "score", number,
		veil_hides_scores(json, ranking) ? NAN : ranking->decision.score[row]);
	verdict_write_out(json, ranking, row);
	json_object_end(json);
}

static void write_page(struct json_writer *json, struct walk *walk, struct request *request,
	const struct excluded_query *query, const uint32_t *rows, size_t count)
{
	const struct ranking *ranking = walk->ranking;
	size_t at = walk->begin, written = 0;

	json_object_begin(json);
	view_write_ranking(json, ranking);
	json_put(json, "count", int, (int64_t)count);
	write_reasons(json, ranking, rows, count);
	json_key(json, "items");
	json_array_begin(json);
	for (; at < count && written < walk->limit; at++) {
		if (!matches(json, ranking, rows[at], query))
			continue;
		write_item(json, ranking, rows[at]);
		written++;
	}
	json_array_end(json);
	while (at < count && !matches(json, ranking, rows[at], query))
		at++;
	if (at < count)
		walk_next(walk, request, json, at);
	json_object_end(json);
}

static enum error encode_page(
	struct walk *walk, struct request *request, void *query, struct buf *out)
{
	struct shared_body *rows;
	struct json_writer json;

	if (!view_may_search(request, walk->ranking))
		return ERR_WOULD_BLOCK;
	view_begin(&json, request, out);
	rows = list_rows(request, &json, walk->ranking);
	if (!rows)
		return ERR_NO_MEMORY;
	write_page(&json, walk, request, query, (const void *)rows->data,
		rows->len / sizeof(uint32_t));
	shared_body_unref(rows);
	return ERR_OK;
}

static enum error excluded(struct request *request, struct response *response)
{
	struct walk walk = {0};
	struct excluded_query query;
	enum error error = read_query(&walk, request, &query);

	if (!error)
		error = walk_begin(&walk, request, EXCLUDED_LIMIT_MAX);
	if (error)
		return error;
	error = walk_answer(&walk, request, response, encode_page, &query);
	ranking_unref(walk.ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/queue/excluded",
		.roles = ROLES_READ,
		.flags = ROUTE_MEMORY,
		.handle = excluded,
	},
};
const struct route_table queue_excluded_routes = {routes, sizeof routes / sizeof *routes};
