/*
 * Cards of models and policies: what each version is for. Written after the version, and as often as more is known.
 */
#include "base/num.h"
#include "http/resources/configured.h"
#include "http/resources/tables.h"

/* 0: it names no version. The document's name is the number as it is written here. */
static int64_t version_of(const struct catalog *catalog, enum card_kind kind, struct str name)
{
	size_t count = kind == CARD_MODEL ? catalog->model_count : catalog->policy_count;
	uint64_t version;

	if (!num_parse_u64(name, &version) || version > count || name.ptr[0] == '0')
		return 0;
	return (int64_t)version;
}

static const struct version_card *card_of(
	const struct catalog *catalog, enum card_kind kind, struct str name)
{
	return catalog_card(catalog, kind, version_of(catalog, kind, name));
}

/* What configured.h asks for, of each kind. */
#define CARD_OF(noun, kind)                                                                        \
	static enum error parse_##noun(struct request *request, const json_t *json,                \
		struct str name, const struct catalog *catalog, struct arena *arena,               \
		struct diag *diag, struct str *body)                                               \
	{                                                                                          \
		(void)request;                                                                     \
		if (version_of(catalog, kind, name) == 0)                                          \
			return ERR_NOT_FOUND;                                                      \
		return version_card_parse(json, kind, catalog, arena, diag, body);                 \
	}                                                                                          \
	static int64_t revision_##noun(                                                            \
		const struct request *request, const struct catalog *catalog, struct str name)     \
	{                                                                                          \
		const struct version_card *card = card_of(catalog, kind, name);                    \
                                                                                                   \
		(void)request;                                                                     \
		return card ? card->revision : 0;                                                  \
	}                                                                                          \
	static void write_##noun(struct buf *out, const struct catalog *catalog, struct str name)  \
	{                                                                                          \
		version_card_write(out, kind, card_of(catalog, kind, name));                       \
	}                                                                                          \
	static const struct configured noun##_card = {                                             \
		#noun "_card", parse_##noun, revision_##noun, write_##noun};                       \
	static enum error show_##noun(struct request *request, struct response *response)          \
	{                                                                                          \
		return configured_show(request, response, &noun##_card, request->params[1]);       \
	}                                                                                          \
	static enum error put_##noun(struct request *request, struct response *response)           \
	{                                                                                          \
		return configured_put(request, response, &noun##_card, request->params[1]);        \
	}

CARD_OF(model, CARD_MODEL)
CARD_OF(policy, CARD_POLICY)

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/models/{version}/card",
		.roles = ROLES_READ,
		.handle = show_model,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/models/{version}/card",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = put_model,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/policies/{version}/card",
		.roles = ROLES_READ,
		.handle = show_policy,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/policies/{version}/card",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = put_policy,
	},
};
const struct route_table card_routes = {routes, sizeof routes / sizeof *routes};
