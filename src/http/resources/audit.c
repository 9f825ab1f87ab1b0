/*
 * The audit log: listed, exported, proved. The same for a workspace and for the system's own log.
 */
#include <stdio.h>

#include "base/num.h"
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/audit.h"

enum { EXPORT_MAX = 1000, EXPORT_ARENA = 512 << 20 };

/* The position of a walk: ?cursor=, or ?after= for the first page. */
static enum error read_after(struct request *request, struct str query, int64_t *after)
{
	struct str payload;
	uint64_t position;
	enum error error = request_query_int(request, "after", 0, INT64_MAX, 0, after);

	if (!error)
		error = query_cursor(request, query, &payload);
	if (error || !payload.ptr)
		return error;
	if (!num_parse_u64(payload, &position) || position > INT64_MAX)
		return ERR_BAD_CURSOR;
	*after = (int64_t)position;
	return ERR_OK;
}

static enum error list(struct request *request, struct response *response)
{
	static const char *const known[] = {
		"after", "limit", "action", "cursor", "min_revision", NULL};
	struct str action = request_query(request, "action");
	struct call call = call_of(request);
	struct audit_record *records;
	struct json_writer json;
	size_t limit, count;
	struct head head;
	int64_t after;
	char last[24];
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &limit);
	if (!error)
		error = read_after(request, action, &after);
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = audit_page(&call, after, limit,
			action.ptr ? arena_strdup(&request->arena, action) : NULL, &records, &count,
			&head);
	if (error)
		return error;
	response_revision(response, request, head.revision);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "records");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++) {
		json_raw(&json, STR(""));
		audit_record_write(&response->body, &records[i]);
	}
	json_array_end(&json);
	if (count == limit && records[count - 1].revision < head.revision) {
		snprintf(last, sizeof last, "%lld", (long long)records[count - 1].revision);
		write_next(&json, request, action, str_from(last));
	}
	if (head.retired > 0)
		json_put(&json, "first_revision", int, head.retired + 1);
	json_object_end(&json);
	return response_done(response);
}

static enum error export_records(struct request *request, struct response *response)
{
	static const char *const known[] = {"after", "limit", "min_revision", NULL};
	struct call call = call_of(request);
	struct arena arena;
	int64_t after, last, head;
	size_t limit;
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, EXPORT_MAX, &limit);
	if (!error)
		error = request_query_int(request, "after", 0, INT64_MAX, 0, &after);
	if (!error)
		error = query_min_revision(request, &call);
	if (error)
		return error;
	/* Rows are held twice while they are written; more than a request's own share. */
	arena_init(&arena, EXPORT_ARENA);
	call.arena = &arena;
	error = audit_export(&call, after, limit, &response->body, &last, &head);
	arena_release(&arena);
	if (error)
		return error;
	response->content_type = "application/x-ndjson";
	response_revision(response, request, head);
	/* A revision is all that an offline reader needs to go on, on any daemon. */
	if (last < head && last > after)
		response_header(response, request, "Winnow-Next", "%lld", (long long)last);
	return response_done(response);
}

static enum error read_expected(struct request *request, struct audit_expected *out)
{
	struct str expect = request_query(request, "expect");
	struct str checkpoint = request_query(request, "checkpoint");

	*out = (struct audit_expected){.revision = 0};
	if (expect.ptr && !audit_head_parse(expect, &out->revision, &out->hash))
		diag_add(&request->diag, "/query/expect",
			"A head is expected: REVISION:HASH, as Winnow-Head gave it.");
	if (checkpoint.ptr &&
		!audit_head_parse(checkpoint, &out->checkpoint.size, &out->checkpoint.root))
		diag_add(&request->diag, "/query/checkpoint",
			"A tree is expected: SIZE:ROOT, the root in hexadecimal.");
	return request->diag.count ? ERR_INVALID : ERR_OK;
}

static void write_verdict(struct json_writer *json, const struct audit_verdict *verdict)
{
	static const char *const words[] = {
		[AUDIT_UNSIGNED] = "unchecked",
		[AUDIT_SIGNED_PARTLY] = "partly",
		[AUDIT_SIGNED] = "ok",
	};
	char head[96];

	json_object_begin(json);
	json_put(json, "ok", bool, verdict->fault == AUDIT_OK);
	json_put(json, "records", int, verdict->records);
	json_put(json, "head", text,
		audit_head_format(verdict->head_revision, &verdict->head_hash, head));
	if (verdict->retired > 0)
		json_put(json, "first_revision", int, verdict->retired + 1);
	if (verdict->fault == AUDIT_OK)
		json_put(json, "signatures", text, words[verdict->signatures]);
	if (verdict->fault == AUDIT_OK && verdict->signatures == AUDIT_SIGNED_PARTLY &&
		verdict->signed_from > 0)
		json_put(json, "signed_from", int, verdict->signed_from);
	if (verdict->fault != AUDIT_OK) {
		json_put(json, "fault", text, audit_fault_slug(verdict->fault));
		if (verdict->revision > 0)
			json_put(json, "revision", int, verdict->revision);
		json_put(json, "detail", text, verdict->detail);
	}
	json_object_end(json);
}

static enum error verify(struct request *request, struct response *response)
{
	static const char *const known[] = {"expect", "checkpoint", NULL};
	struct call call = call_of(request);
	struct audit_expected expected;
	struct audit_verdict verdict;
	struct json_writer json;
	enum error error = request_query_only(request, known);

	if (!error)
		error = read_expected(request, &expected);
	if (!error)
		error = audit_verify(&call, &expected, &verdict);
	if (error)
		return error;
	response_revision(response, request, verdict.head_revision);
	response_head(response, request, verdict.head_revision, &verdict.head_hash);
	response_header(response, request, "Cache-Control", "no-store");
	json_writer_init(&json, &response->body);
	write_verdict(&json, &verdict);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/audit",
		.roles = ROLE_OPERATOR,
		.flags = ROUTE_SYSTEM,
		.handle = list,
	},
	{
		.method = "GET",
		.path = "/v1/audit/export",
		.roles = ROLE_OPERATOR,
		.flags = ROUTE_SYSTEM,
		.handle = export_records,
	},
	{
		.method = "GET",
		.path = "/v1/audit/verify",
		.roles = ROLE_OPERATOR,
		.flags = ROUTE_SYSTEM,
		.handle = verify,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/audit",
		.roles = ROLE_AUDITOR | ROLE_ADMIN,
		.handle = list,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/audit/export",
		.roles = ROLE_AUDITOR | ROLE_ADMIN,
		.handle = export_records,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/audit/verify",
		.roles = ROLE_AUDITOR | ROLE_ADMIN,
		.handle = verify,
	},
};
const struct route_table audit_routes = {routes, sizeof routes / sizeof *routes};
