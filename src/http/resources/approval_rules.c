/*
 * Which changes take other people's approval. As soon as there are rules, they too are changed by a proposal.
 */
#include "http/resources/configured.h"
#include "http/resources/tables.h"

static enum error parse(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	(void)request;
	(void)name;
	(void)catalog;
	return approval_rules_parse(json, arena, diag, body);
}

static int64_t revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	(void)request;
	(void)name;
	return catalog->approval.revision;
}

static void write(struct buf *out, const struct catalog *catalog, struct str name)
{
	(void)name;
	buf_str(out, catalog->approval.body);
}

const struct configured configured_approval_rules = {"approval_rules", parse, revision, write};

static enum error show(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_approval_rules, STR("workspace"));
}

static enum error put(struct request *request, struct response *response)
{
	return configured_put(request, response, &configured_approval_rules, STR("workspace"));
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/approval-rules",
		.roles = ROLES_ANY_MEMBER,
		.handle = show,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/approval-rules",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = put,
	},
};
const struct route_table approval_rule_routes = {routes, sizeof routes / sizeof *routes};
