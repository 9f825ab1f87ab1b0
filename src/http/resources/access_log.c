/*
 * GET …/access-log: who has read what is sensitive, newest first.
 */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/access_log.h"

static void write_row(struct json_writer *json, const struct access_row *row)
{
	json_object_begin(json);
	json_put(json, "id", uuid, &row->id);
	json_put(json, "at", time, row->at_us);
	json_put(json, "expires_at", time, row->expires_us);
	json_put(json, "actor", str, row->actor);
	write_names(json, "roles", row->roles, row->role_count);
	json_put(json, "request_id", str, row->request_id);
	json_put(json, "method", str, row->method);
	json_put(json, "target", str, row->target);
	json_put(json, "ranking", str, row->ranking);
	write_names(json, "features", row->features, row->feature_count);
	json_key(json, "items");
	json_array_begin(json);
	for (size_t i = 0; i < row->item_count; i++)
		json_uuid(json, &row->items[i]);
	json_array_end(json);
	json_put(json, "item_count", int, row->items_in_all);
	json_object_end(json);
}

/* "<microseconds>:<id>" of the last that was shown. */
static enum error read_position(struct request *request, struct access_filter *filter)
{
	const char *colon;
	struct str payload;
	uint64_t at_us;
	enum error error = query_cursor(request, filter->actor, &payload);

	if (error || !payload.ptr)
		return error;
	colon = memchr(payload.ptr, ':', payload.len);
	if (!colon ||
		!num_parse_u64((struct str){payload.ptr, (size_t)(colon - payload.ptr)}, &at_us) ||
		at_us > INT64_MAX ||
		!uuid_from_text(
			(struct str){colon + 1, payload.len - (size_t)(colon + 1 - payload.ptr)},
			&filter->before_id))
		return ERR_BAD_CURSOR;
	filter->before_us = (int64_t)at_us;
	return ERR_OK;
}

static void write_position(
	struct json_writer *json, struct request *request, const struct access_row *last)
{
	char id[UUID_TEXT_SIZE], text[UUID_TEXT_SIZE + 24];

	snprintf(text, sizeof text, "%lld:%s", (long long)last->at_us, uuid_to_text(&last->id, id));
	write_next(json, request, request_query(request, "actor"), str_from(text));
}

static enum error list(struct request *request, struct response *response)
{
	static const char *const known[] = {"actor", "limit", "cursor", NULL};
	/* From now on backwards; the clocks of other daemons may be ahead. */
	struct access_filter filter = {
		.before_us = clock_now_us(request->clock) + 366 * INT64_C(86400) * US_PER_S,
		.actor = request_query(request, "actor"),
	};
	struct call call = call_of(request);
	struct access_row *rows;
	struct json_writer json;
	size_t limit = 0, count, shown;
	int64_t revision;
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &limit);
	if (!error)
		error = read_position(request, &filter);
	filter.limit = limit + 1;
	if (!error)
		error = access_log_page(&call, &filter, &rows, &count, &revision);
	if (error)
		return error;
	shown = count > limit ? limit : count;
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "records");
	json_array_begin(&json);
	for (size_t i = 0; i < shown; i++)
		write_row(&json, &rows[i]);
	json_array_end(&json);
	if (count > limit)
		write_position(&json, request, &rows[shown - 1]);
	json_object_end(&json);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/access-log",
		.roles = ROLE_ADMIN | ROLE_AUDITOR,
		.handle = list,
	},
};
const struct route_table access_log_routes = {routes, sizeof routes / sizeof *routes};
