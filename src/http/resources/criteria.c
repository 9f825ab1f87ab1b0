/*
 * POST …/comparisons:weights: what was said of criteria becomes weights, and a model version of
 * them, which nothing ranks by before somebody promotes it.
 */
#include <math.h>
#include <stdio.h>

#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/catalogs.h"
#include "service/criteria.h"
#include "service/documents.h"

enum { NAME_BYTES = 128, FEATURE_NAME_BYTES = 63, FEATURES_MAX = 256 };

/* ---- the model ---- */

struct drafting {
	const json_t *name, *bands; /* bands NULL: after those of the active model */
	const struct criteria_weights *weights;
};

static json_t *text_of(struct str text)
{
	return json_stringn(text.ptr, text.len);
}

static json_t *terms_of(const struct criteria_weights *weights)
{
	json_t *terms = json_array();

	for (size_t i = 0; i < weights->count; i++)
		json_array_append_new(terms,
			json_pack("{s:o, s:f, s:s, s:s}", "feature", text_of(weights->features[i]),
				"weight", weights->weights[i], "scale", "unit", "unknown", "span"));
	if (json_array_size(terms) == weights->count)
		return terms;
	json_decref(terms);
	return NULL;
}

/* Where a band of the active model begins, as a share of what that model can give: this model's
 * scores are shares. Without such a range the bands are equally wide. */
static double threshold(const struct wn_model *model, size_t band)
{
	double lowest, highest, count = (double)model->band_count;

	wn_model_range(model, &lowest, &highest);
	if (isfinite(lowest) && isfinite(highest) && lowest < highest)
		return (model->bands[band].at_least - lowest) / (highest - lowest);
	return (count - 1 - (double)band) / count;
}

static json_t *bands_like(const struct catalog *catalog)
{
	const struct alias *active = catalog_alias(catalog, STR("active"));
	const struct model_version *version = active ? catalog_model(catalog, active->model) : NULL;
	const struct wn_model *model = version ? &version->model : NULL;
	json_t *bands = json_array();

	for (size_t i = 0; model && i < model->band_count; i++) {
		json_t *band = json_pack("{s:s}", "name", model->bands[i].name);

		if (i + 1 < model->band_count)
			json_object_set_new(band, "at_least", json_real(threshold(model, i)));
		json_array_append_new(bands, band);
	}
	return bands;
}

static json_t *description_of(const struct criteria_weights *weights)
{
	char text[160];

	snprintf(text, sizeof text,
		"Weights by AHP from %zu judgements, the newest of revision %lld; consistency "
		"ratio %.3f.",
		weights->judgements, (long long)weights->newest, weights->consistency);
	return json_string(text);
}

static enum error parse(void *self, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	const struct drafting *drafting = self;
	json_t *bands = drafting->bands ? json_deep_copy(drafting->bands) : bands_like(catalog);
	json_t *model = json_pack("{s:O, s:s, s:o, s:o, s:o}", "name", drafting->name, "kind",
		"weighted_sum", "description", description_of(drafting->weights), "terms",
		terms_of(drafting->weights), "bands", bands);
	enum error error = model ? model_parse(model, catalog, arena, diag, body) : ERR_NO_MEMORY;

	json_decref(model);
	return error;
}

/* ---- the operation ---- */

struct asked {
	struct drafting drafting; /* but for the weights */
	const struct str *features;
	size_t feature_count;
	bool dry_run;
};

static void read_members(struct request *request, const json_t *body, struct asked *out)
{
	const json_t *features = json_object_get(body, "features");
	struct diag *diag = &request->diag;
	struct str name;

	json_read_text(body, "name", 1, NAME_BYTES, true, "", diag, &request->arena, &name);
	json_read_bool(body, "dry_run", false, "", diag, &out->dry_run);
	json_read_texts(body, "features", FEATURES_MAX, FEATURE_NAME_BYTES, "", diag,
		&request->arena, &out->features, &out->feature_count);
	if (json_is_array(features) && json_array_size(features) < 2)
		diag_add(diag, "/features", "At least two features are needed.");
}

static enum error read_body(struct request *request, const json_t *body, struct asked *out)
{
	static const char *const keys[] = {"name", "features", "bands", "dry_run", NULL};
	struct diag *diag = &request->diag;

	*out = (struct asked){.drafting = {.name = json_object_get(body, "name"),
				      .bands = json_object_get(body, "bands")}};
	if (!json_is_object(body))
		diag_add(diag, "", "An object is expected.");
	else if (json_only_keys(body, keys, "", diag))
		read_members(request, body, out);
	return diag->count ? ERR_INVALID : ERR_OK;
}

/* The members that tell of the weights, without the braces around them. */
static enum error weights_members(
	const struct criteria_weights *weights, struct arena *arena, struct str *out)
{
	struct buf text = BUF_INIT;
	struct json_writer json;
	const char *copy;

	json_writer_init(&json, &text);
	json_object_begin(&json);
	json_key(&json, "weights");
	json_object_begin(&json);
	for (size_t i = 0; i < weights->count; i++) {
		json_key_str(&json, weights->features[i]);
		json_number(&json, weights->weights[i]);
	}
	json_object_end(&json);
	json_put(&json, "lambda_max", number, weights->lambda_max);
	json_put(&json, "consistency_ratio", number, weights->consistency);
	json_put(&json, "acceptable", bool, weights->consistency <= CRITERIA_ACCEPTABLE);
	json_put(&json, "judgements", int, (int64_t)weights->judgements);
	copy = text.failed ? NULL : arena_strdup(arena, (struct str){text.data + 1, text.len - 1});
	buf_release(&text);
	*out = str_from(copy);
	return copy ? ERR_OK : ERR_NO_MEMORY;
}

static void write_answer(struct buf *out, struct str weights, const struct model_version *model)
{
	buf_putc(out, '{');
	buf_str(out, weights);
	buf_puts(out, ",\"model\":");
	if (model)
		model_write(out, model);
	else
		buf_puts(out, "null");
	buf_putc(out, '}');
}

/* The draft is judged all the same. */
static enum error answer_dry(struct request *request, struct response *response,
	struct document_source *source, const struct criteria_weights *weights)
{
	struct call call = call_of(request);
	struct catalog *catalog;
	struct str unused, shown;
	enum error error = catalog_current(&call, &catalog, NULL);

	if (error)
		return error;
	error = source->parse(source->self, catalog, call.arena, call.diag, &unused);
	catalog_unref(catalog);
	if (!error)
		error = weights_members(weights, call.arena, &shown);
	if (error)
		return error;
	response_written(response, request, &weights->head);
	write_answer(&response->body, shown, NULL);
	return response_done(response);
}

static enum error answer_model(struct request *request, struct response *response,
	const struct document_source *source, const struct criteria_weights *weights)
{
	struct call call = call_of(request);
	struct catalog *catalog = NULL;
	struct written written;
	struct str shown;
	int64_t version;
	enum error error = weights_members(weights, call.arena, &shown);

	/* What was said since must not change an answer that is given again. */
	if (!error && call.key)
		call.key->extra = shown;
	if (!error)
		error = model_create(&call, source, &version, &catalog, &written);
	if (error)
		return error;
	if (written.replayed)
		shown = call.key->extra;
	response->status = written.changed ? 201 : 200;
	response_written(response, request, &written);
	if (written.changed)
		response_header(response, request, "Location", "/v1/workspaces/%s/models/%lld",
			request->workspace.name, (long long)version);
	write_answer(&response->body, shown, catalog_model(catalog, version));
	catalog_unref(catalog);
	return response_done(response);
}

static enum error weigh_body(struct request *request, struct response *response, const json_t *body)
{
	struct document_source source = {.parse = parse};
	struct call call = call_of(request);
	struct criteria_weights weights;
	struct asked asked;
	enum error error = read_body(request, body, &asked);

	if (!error)
		error = criteria_weigh(&call, asked.features, asked.feature_count, &weights);
	if (error)
		return error;
	asked.drafting.weights = &weights;
	source.self = &asked.drafting;
	return asked.dry_run ? answer_dry(request, response, &source, &weights)
			     : answer_model(request, response, &source, &weights);
}

static enum error weigh(struct request *request, struct response *response)
{
	json_t *body;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = body_json(request, &body);
	if (error)
		return error;
	error = weigh_body(request, response, body);
	json_decref(body);
	return error;
}

static const struct route routes[] = {
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/comparisons:weights",
		.roles = ROLE_ADMIN,
		.body = BODY_JSON,
		.body_bytes = 64 << 10,
		.handle = weigh,
	},
};
const struct route_table criteria_routes = {routes, sizeof routes / sizeof *routes};
