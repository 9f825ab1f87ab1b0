/*
 * The workspace's vocabularies: streams, kinds and statuses.
 */
#include "http/resources/configured.h"
#include "http/resources/tables.h"

static enum error parse(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	(void)request;
	(void)name;
	(void)catalog;
	return settings_parse(json, arena, diag, body);
}

/* What people are asked, what is hidden from whom and which reads are noted: not an agent's to change. */
static bool is_decision(const json_t *now, const json_t *then)
{
	static const char *const members[] = {"review", "sensitive_fields", "access_log"};

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const json_t *a = json_object_get(now, members[i]);
		const json_t *b = json_object_get(then, members[i]);

		if (a != b && !(a && b && json_equal(a, b)))
			return true;
	}
	return false;
}

/* A direct write; what an agent proposes, people approve. */
static enum error parse_put(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	enum error error = parse(request, json, name, catalog, arena, diag, body);
	json_t *now, *then;

	if (error || principal_may_decide(request->principal))
		return error;
	now = json_loadb(body->ptr, body->len, 0, NULL);
	then = json_loadb(catalog->settings_body.ptr, catalog->settings_body.len, 0, NULL);
	if (!now)
		error = ERR_NO_MEMORY;
	else if (is_decision(now, then))
		error = ERR_AGENT;
	json_decref(now);
	json_decref(then);
	return error;
}

static int64_t revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	(void)request;
	(void)name;
	return catalog->settings_revision;
}

static void write(struct buf *out, const struct catalog *catalog, struct str name)
{
	(void)name;
	buf_str(out, catalog->settings_body);
}

const struct configured configured_settings = {"settings", parse, revision, write};

static enum error show(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_settings, STR("workspace"));
}

static enum error put(struct request *request, struct response *response)
{
	static const struct configured direct = {"settings", parse_put, revision, write};

	return configured_put(request, response, &direct, STR("workspace"));
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/settings",
		.roles = ROLES_ANY_MEMBER,
		.handle = show,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/settings",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = put,
	},
};
const struct route_table settings_routes = {routes, sizeof routes / sizeof *routes};
