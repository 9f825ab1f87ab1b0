/*
 * Presets: models and policies to begin with, as a client would post them. The same for everybody.
 */
#include "codec/catalog.h"
#include "http/resources/resource.h"
#include "http/resources/tables.h"

static void write_preset(struct json_writer *json, const struct preset *preset)
{
	json_object_begin(json);
	json_put(json, "kind", text, preset->kind);
	json_put(json, "name", text, preset->name);
	json_put(json, "description", text, preset->description);
	json_put(json, "body", raw, str_from(preset->body));
	json_object_end(json);
}

static enum error list(struct request *request, struct response *response)
{
	struct json_writer json;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (error)
		return error;
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "presets");
	json_array_begin(&json);
	for (size_t i = 0; i < preset_count; i++)
		write_preset(&json, &presets[i]);
	json_array_end(&json);
	json_object_end(&json);
	return response_done(response);
}

static const struct preset *preset_of(struct str kind, struct str name)
{
	if (str_is(kind, "model"))
		return preset_named("model", name);
	if (str_is(kind, "policy"))
		return preset_named("policy", name);
	return str_is(kind, "contract") ? preset_named("contract", name) : NULL;
}

static enum error show(struct request *request, struct response *response)
{
	const struct preset *preset = preset_of(request->params[0], request->params[1]);
	struct json_writer json;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (error)
		return error;
	if (!preset)
		return ERR_NOT_FOUND;
	json_writer_init(&json, &response->body);
	write_preset(&json, preset);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/presets",
		.flags = ROUTE_PUBLIC | ROUTE_MEMORY,
		.handle = list,
	},
	{
		.method = "GET",
		.path = "/v1/presets/{kind}/{name}",
		.flags = ROUTE_PUBLIC | ROUTE_MEMORY,
		.handle = show,
	},
};
const struct route_table preset_routes = {routes, sizeof routes / sizeof *routes};
