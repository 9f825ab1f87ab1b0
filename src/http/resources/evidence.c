/*
 * Evidence bundles: what was decided about some items in a span of time, with what proves it.
 */
#include <stdio.h>

#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/evidence.h"
#include "service/heavy.h"

/* What is read for a bundle is more than a request's own share. */
enum { EVIDENCE_ARENA = 512 << 20 };

static enum error read_request(struct request *request, struct evidence_request *out)
{
	static const char *const known[] = {
		"tag", "risk_category", "from", "to", "checkpoint", "min_revision", NULL};
	enum error error = request_query_only(request, known);

	*out = (struct evidence_request){
		.tag = request_query(request, "tag"),
		.category = request_query(request, "risk_category"),
	};
	if (!error)
		error = query_time(request, "from", TIME_NONE, &out->from_us);
	if (!error)
		error = query_time(request, "to", TIME_NONE, &out->to_us);
	if (!error)
		error = request_query_int(request, "checkpoint", 1, INT64_MAX, 0, &out->checkpoint);
	return error;
}

static enum error answer(
	struct request *request, const struct evidence_request *wanted, struct response *response)
{
	struct call call = call_of(request);
	struct arena arena;
	int64_t head;
	enum error error;

	arena_init(&arena, EVIDENCE_ARENA);
	call.arena = &arena;
	error = query_min_revision(request, &call);
	if (!error)
		error = evidence_make(&call, wanted, &response->body, &head);
	arena_release(&arena);
	if (error)
		return error;
	response->content_type = "application/x-ndjson";
	response_revision(response, request, head);
	response_header(response, request, "Cache-Control", "no-store");
	return response_done(response);
}

static enum error evidence(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct evidence_request wanted;
	enum error error = read_request(request, &wanted);

	if (!error)
		error = heavy_begin(&call, HEAVY_MEMORY);
	if (error)
		return error;
	error = answer(request, &wanted, response);
	heavy_end(&call, HEAVY_MEMORY);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/evidence",
		.roles = ROLE_AUDITOR | ROLE_ADMIN,
		.flags = ROUTE_HEAVY,
		.handle = evidence,
	},
};
const struct route_table evidence_routes = {routes, sizeof routes / sizeof *routes};
