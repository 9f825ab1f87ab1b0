/*
 * Service levels: the rules, the business hours that they go by, and an item's clock. A change can be
 * tried before: ?dry_run=true counts the clocks that it would change, and writes nothing.
 */
#include "service/slas.h"

#include "base/clock.h"
#include "http/resources/configured.h"
#include "http/resources/sla_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"

enum { MAX_HOURS = 256 };

/* ---- the rules ---- */

static enum error parse_slas(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	(void)request;
	(void)name;
	return slas_parse(json, catalog, arena, diag, body);
}

static int64_t slas_revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	(void)request;
	(void)name;
	return catalog->slas ? catalog->slas->revision : 0;
}

static void write_slas(struct buf *out, const struct catalog *catalog, struct str name)
{
	(void)name;
	slas_write(out, catalog->slas);
}

const struct configured configured_slas = {"slas", parse_slas, slas_revision, write_slas};

/* ---- business hours ---- */

static enum error parse_hours(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	enum error error;

	(void)request;
	if (!catalog_is_slug(name))
		diag_add(diag, "",
			"The name of business hours begins with a letter a to z, followed by at "
			"most 62 letters a to z, digits, underscores or hyphens.");
	else if (catalog->business_hours_count >= MAX_HOURS &&
		 !catalog_business_hours(catalog, name))
		diag_add(diag, "", "A workspace has at most %d business hours.", (int)MAX_HOURS);
	error = business_hours_parse(json, arena, diag, body);
	return !error && diag->count > 0 ? ERR_INVALID : error;
}

static int64_t hours_revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	const struct business_hours *hours = catalog_business_hours(catalog, name);

	(void)request;
	return hours ? hours->revision : 0;
}

static void write_hours(struct buf *out, const struct catalog *catalog, struct str name)
{
	business_hours_write(out, catalog_business_hours(catalog, name));
}

const struct configured configured_hours = {
	"business_hours", parse_hours, hours_revision, write_hours};

static enum error list_hours(struct request *request, struct response *response)
{
	struct catalog *catalog;
	enum error error = configured_list_begin(request, response, "business_hours", &catalog);

	if (error)
		return error;
	for (size_t i = 0; i < catalog->business_hours_count; i++) {
		if (i > 0)
			buf_putc(&response->body, ',');
		business_hours_write(&response->body, &catalog->business_hours[i]);
	}
	return configured_list_end(response, catalog);
}

/* ---- on trial ---- */

static void write_change(struct json_writer *json, const char *key, size_t before, size_t after)
{
	json_key(json, key);
	json_object_begin(json);
	json_put(json, "before", int, (int64_t)before);
	json_put(json, "after", int, (int64_t)after);
	json_object_end(json);
}

static enum error write_count(
	struct response *response, const struct ranking *ranking, const struct sla_count *count)
{
	struct json_writer json;

	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_put(&json, "dry_run", bool, true);
	json_put(&json, "revision", int, ranking->revision);
	json_put(&json, "as_of", time, count->as_of_us);
	write_change(&json, "clocks", count->clocks_before, count->clocks_after);
	write_change(&json, "breached", count->breached_before, count->breached_after);
	json_put(&json, "changed", int, (int64_t)count->changed);
	json_put(&json, "newly_breached", int, (int64_t)count->newly_breached);
	json_put(&json, "no_longer_breached", int, (int64_t)count->no_longer_breached);
	json_object_end(&json);
	return response_done(response);
}

static enum error try_out(struct request *request, struct response *response,
	const struct configured *thing, struct str name)
{
	struct call call = call_of(request);
	struct configured_body body;
	struct sla_count count;
	struct ranking *ranking;
	enum error error = view_ranking(request, &ranking);

	if (error)
		return error;
	error = configured_body_begin(request, thing, name, &body);
	if (!error) {
		error = sla_try(&call, ranking, &body.put, &count);
		configured_body_end(&body);
	}
	if (!error) {
		response_revision(response, request, ranking->revision);
		error = write_count(response, ranking, &count);
	}
	ranking_unref(ranking);
	return error;
}

static enum error put_or_try(struct request *request, struct response *response,
	const struct configured *thing, struct str name)
{
	static const char *const known[] = {"dry_run", "min_revision", NULL};
	bool dry_run = false;
	enum error error = request_query_bool(request, "dry_run", false, &dry_run);

	if (error)
		return error;
	if (!dry_run && !request_query(request, "dry_run").ptr)
		return configured_put(request, response, thing, name);
	error = request_query_only(request, known);
	if (error)
		return error;
	return dry_run ? try_out(request, response, thing, name)
		       : configured_put_any(request, response, thing, name);
}

/* ---- an item's clock ---- */

static enum error show_clock(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct json_writer json;
	struct ranking *ranking;
	uint32_t row;
	int64_t now_us;
	enum error error = request_query_only(request, known);

	if (!error)
		error = view_item(request, &ranking, &row);
	if (error)
		return error;
	now_us = clock_now_us(request->service->clock);
	response_revision(response, request, ranking->revision);
	view_tell_suspension(request, response, ranking);
	view_begin(&json, request, &response->body);
	json_object_begin(&json);
	json_key(&json, "item");
	view_write_item(&json, ranking, row);
	json_put(&json, "revision", int, ranking->revision);
	json_put(&json, "as_of", time, now_us - now_us % US_PER_S);
	json_key(&json, "sla");
	sla_write_clock(&json, ranking, row, now_us);
	view_write_suspension(&json, ranking);
	json_object_end(&json);
	ranking_unref(ranking);
	return response_done(response);
}

/* ---- routes ---- */

static enum error get_slas(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_slas, STR("workspace"));
}

static enum error put_slas(struct request *request, struct response *response)
{
	return put_or_try(request, response, &configured_slas, STR("workspace"));
}

static enum error get_hours(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_hours, request->params[1]);
}

static enum error put_hours(struct request *request, struct response *response)
{
	return put_or_try(request, response, &configured_hours, request->params[1]);
}

static enum error delete_hours(struct request *request, struct response *response)
{
	return configured_delete(request, response, &configured_hours, request->params[1]);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/slas",
		.roles = ROLES_READ,
		.handle = get_slas,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/slas",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = put_slas,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/business-hours",
		.roles = ROLES_READ,
		.handle = list_hours,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/business-hours/{name}",
		.roles = ROLES_READ,
		.handle = get_hours,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/business-hours/{name}",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = put_hours,
	},
	{
		.method = "DELETE",
		.path = "/v1/workspaces/{ws}/business-hours/{name}",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.handle = delete_hours,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/items/{id}/sla",
		.roles = ROLES_READ,
		.flags = ROUTE_MEMORY,
		.handle = show_clock,
	},
};
const struct route_table sla_routes = {routes, sizeof routes / sizeof *routes};
