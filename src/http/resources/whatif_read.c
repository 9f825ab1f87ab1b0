/*
 * A what-if as a client asks it. All faults are told at once, each at its place.
 */
#include <string.h>

#include "http/resources/item_ref.h"
#include "http/resources/veil.h"
#include "http/resources/whatif.h"
#include "service/heavy.h"

struct reader {
	struct request *request;
	const struct ranking *ranking;
	struct simulation_request *out;
	bool good;
	enum error error;
};

static void fault(struct reader *reader, const char *pointer, const char *detail)
{
	diag_add(&reader->request->diag, pointer, "%s", detail);
	reader->good = false;
}

static void *take(struct reader *reader, size_t count, size_t size)
{
	void *memory = arena_array(&reader->request->arena, count, size);

	if (!memory)
		reader->error = ERR_BUDGET;
	return memory;
}

/* ---- model and policy ---- */

static bool is_there(const json_t *value)
{
	return value && !json_is_null(value);
}

/* Faults of a document inside the body are told below its member. */
static void read_model_body(struct reader *reader, const json_t *value, struct model_version *out)
{
	struct diag *diag = &reader->request->diag;
	const char *prefix = diag->prefix;
	enum error error;

	diag->prefix = "/model";
	error = model_candidate(
		value, reader->ranking->catalog, &reader->request->arena, diag, out);
	diag->prefix = prefix;
	if (error == ERR_INVALID)
		reader->good = false;
	else if (error)
		reader->error = error;
}

static void read_model(struct reader *reader, const json_t *body)
{
	const json_t *value = json_object_get(body, "model");
	struct model_version *candidate;

	reader->out->model = reader->ranking->model;
	if (!is_there(value))
		return;
	if (json_is_integer(value)) {
		reader->out->model =
			catalog_model(reader->ranking->catalog, json_integer_value(value));
		if (!reader->out->model)
			fault(reader, "/model", "There is no such model version.");
		return;
	}
	if (!json_is_object(value)) {
		fault(reader, "/model", "This must be a version's number, or a model.");
		return;
	}
	candidate = take(reader, 1, sizeof *candidate);
	if (candidate)
		read_model_body(reader, value, candidate);
	reader->out->model = candidate;
}

static void read_policy_body(struct reader *reader, const json_t *value, struct policy_version *out)
{
	struct diag *diag = &reader->request->diag;
	const char *prefix = diag->prefix;
	enum error error = veil_ask_parts(reader->request, reader->ranking->catalog, value);

	diag->prefix = "/policy";
	if (!error)
		error = policy_candidate(
			value, reader->ranking->catalog, &reader->request->arena, diag, out);
	diag->prefix = prefix;
	if (error == ERR_INVALID)
		reader->good = false;
	else if (error)
		reader->error = error;
}

/* null means none; nothing means the one in force. */
static void read_policy(struct reader *reader, const json_t *body)
{
	const json_t *value = json_object_get(body, "policy");
	struct policy_version *candidate;

	reader->out->policy = value ? NULL : reader->ranking->policy;
	if (!is_there(value))
		return;
	if (json_is_integer(value)) {
		reader->out->policy =
			catalog_policy(reader->ranking->catalog, json_integer_value(value));
		if (!reader->out->policy)
			fault(reader, "/policy", "There is no such policy version.");
		return;
	}
	if (!json_is_object(value)) {
		fault(reader, "/policy", "This must be a version's number, a policy, or null.");
		return;
	}
	candidate = take(reader, 1, sizeof *candidate);
	if (candidate)
		read_policy_body(reader, value, candidate);
	reader->out->policy = candidate;
}

static bool read_weight_list(
	struct reader *reader, const json_t *value, struct simulation_weight *weights)
{
	struct diag *diag = &reader->request->diag;
	size_t count = 0;
	bool good = true;

	for (void *at = json_object_iter((json_t *)value); at;
		at = json_object_iter_next((json_t *)value, at), count++) {
		const json_t *weight = json_object_iter_value(at);

		weights[count].feature =
			(struct str){json_object_iter_key(at), json_object_iter_key_len(at)};
		weights[count].weight = json_number_value(weight);
		if (json_is_number(weight))
			continue;
		fault(reader, diag_key(diag, "/weights", json_object_iter_key(at)),
			"A weight is a number.");
		good = false;
	}
	return good;
}

/* Weights change the model that the rest of the body asks for. */
static void read_weights(struct reader *reader, const json_t *body)
{
	const json_t *value = json_object_get(body, "weights");
	struct request *request = reader->request;
	struct simulation_weight *weights;
	struct model_version *weighed;
	enum error error;

	if (!is_there(value))
		return;
	if (!json_is_object(value)) {
		fault(reader, "/weights", "This must be an object of weights by feature.");
		return;
	}
	weights = take(reader, json_object_size(value), sizeof *weights);
	weighed = take(reader, 1, sizeof *weighed);
	if (!weights || !weighed || !read_weight_list(reader, value, weights) || !reader->good)
		return;
	error = simulation_weigh(reader->out->model, weights, json_object_size(value),
		&request->arena, &request->diag, weighed);
	reader->out->model = weighed;
	if (error == ERR_INVALID)
		reader->good = false;
	else if (error)
		reader->error = error;
}

/* ---- items ---- */

static bool read_item(
	struct reader *reader, const json_t *value, const char *pointer, uint32_t *row)
{
	struct uuid id;

	if (!item_ref_read(reader->request, value, pointer, &id)) {
		reader->good = false;
		return false;
	}
	*row = ranking_find(reader->ranking, &id);
	if (*row == WN_ROW_NONE)
		fault(reader, pointer, "There is no such item.");
	return *row != WN_ROW_NONE;
}

/* The elements of a list; 0 when it is none, or too long. */
static size_t list_size(struct reader *reader, const json_t *list, const char *pointer)
{
	size_t count = json_array_size(list);

	if (!is_there(list))
		return 0;
	if (json_is_array(list) && count <= SIMULATION_ITEMS_MAX)
		return count;
	diag_add(&reader->request->diag, pointer, "This must be a list of at most %d.",
		SIMULATION_ITEMS_MAX);
	reader->good = false;
	return 0;
}

static void read_features(struct reader *reader, const json_t *value, const char *pointer,
	struct simulation_change *out)
{
	struct request *request = reader->request;
	const struct catalog *catalog = reader->ranking->catalog;
	enum error error = item_features_parse(value, catalog, pointer, &request->arena,
		&request->diag, &out->features, &out->feature_count);

	if (error == ERR_INVALID)
		reader->good = false;
	else if (error)
		reader->error = error;
	for (size_t i = 0; !error && i < out->feature_count; i++) {
		const struct feature_definition *feature = &catalog->features[out->features[i].id];

		if (feature->sensitive && !sees_sensitive(request))
			fault(reader, diag_key(&request->diag, pointer, feature->name.ptr),
				"This feature is for admins and auditors alone.");
	}
}

static void read_status(struct reader *reader, const json_t *value, const char *pointer,
	struct simulation_change *out)
{
	struct str name = {json_string_value(value), json_string_length(value)};

	out->status = name.ptr ? catalog_status(reader->ranking->catalog, name) : NULL;
	if (!out->status)
		fault(reader, pointer, "This must be a status of the workspace's vocabulary.");
}

static void read_change(struct reader *reader, const json_t *value, const char *pointer,
	struct simulation_change *out)
{
	static const char *const keys[] = {"item", "features", "status", NULL};
	struct diag *diag = &reader->request->diag;
	const json_t *features = json_object_get(value, "features");
	const json_t *status = json_object_get(value, "status");

	out->row = WN_ROW_NONE;
	if (!json_is_object(value)) {
		fault(reader, pointer, "A change is an object with item, features and status.");
		return;
	}
	reader->good &= json_only_keys(value, keys, pointer, diag);
	read_item(
		reader, json_object_get(value, "item"), diag_key(diag, pointer, "item"), &out->row);
	if (!is_there(features) && !is_there(status))
		fault(reader, pointer, "A change has features, a status, or both.");
	if (is_there(features))
		read_features(reader, features, diag_key(diag, pointer, "features"), out);
	if (is_there(status))
		read_status(reader, status, diag_key(diag, pointer, "status"), out);
}

static void read_changes(struct reader *reader, const json_t *body)
{
	const json_t *list = json_object_get(body, "changes");
	size_t count = list_size(reader, list, "/changes");
	struct simulation_change *changes = take(reader, count, sizeof *changes);
	struct diag *diag = &reader->request->diag;

	for (size_t i = 0; changes && i < count; i++) {
		const char *pointer = diag_index(diag, "/changes", i);

		read_change(reader, json_array_get(list, i), pointer, &changes[i]);
		for (size_t k = 0; changes[i].row != WN_ROW_NONE && k < i; k++) {
			if (changes[k].row == changes[i].row)
				fault(reader, diag_key(diag, pointer, "item"),
					"There is another change of this item before.");
		}
	}
	reader->out->changes = changes;
	reader->out->change_count = count;
}

static const char *const event_names[SIMULATION_EVENTS] = {
	[SIMULATION_DROP] = "drop",
	[SIMULATION_DELAY] = "delay",
	[SIMULATION_FINISH] = "finish",
};

static void read_event(struct reader *reader, const json_t *list, const char *pointer,
	enum simulation_event event, struct simulation_item *items)
{
	size_t count = list_size(reader, list, pointer);

	for (size_t i = 0; i < count; i++) {
		const char *place = diag_index(&reader->request->diag, pointer, i);
		uint32_t row;

		if (!read_item(reader, json_array_get(list, i), place, &row))
			continue;
		for (size_t k = 0; k < reader->out->item_count; k++) {
			if (items[k].row == row)
				fault(reader, place, "The item is in these lists twice.");
		}
		items[reader->out->item_count++] = (struct simulation_item){row, event};
	}
}

static void read_events(struct reader *reader, const json_t *body)
{
	static const char *const keys[] = {"drop", "delay", "finish", NULL};
	const json_t *value = json_object_get(body, "items");
	struct diag *diag = &reader->request->diag;
	struct simulation_item *items;

	if (!is_there(value))
		return;
	if (!json_is_object(value)) {
		fault(reader, "/items", "This must be an object with drop, delay and finish.");
		return;
	}
	reader->good &= json_only_keys(value, keys, "/items", diag);
	items = take(reader, (size_t)SIMULATION_EVENTS * SIMULATION_ITEMS_MAX, sizeof *items);
	for (int event = 0; items && event < SIMULATION_EVENTS; event++)
		read_event(reader, json_object_get(value, event_names[event]),
			diag_key(diag, "/items", event_names[event]), (enum simulation_event)event,
			items);
	reader->out->items = items;
}

/* What would be ranked by inputs that the caller may not see. */
static enum error refuse_hidden(struct request *request, const struct ranking *ranking,
	const struct simulation_request *wanted)
{
	enum error error =
		veil_ask_versions(request, ranking->catalog, wanted->model, wanted->policy);

	return error ? error : veil_refuse(request);
}

enum error whatif_read_unseen(struct request *request, const json_t *body, const char *const *keys,
	const struct ranking *ranking, struct simulation_request *out)
{
	struct reader reader = {request, ranking, out, true, ERR_OK};
	int64_t top = SIMULATION_TOP_DEFAULT;

	*out = (struct simulation_request){0};
	if (!json_is_object(body)) {
		fault(&reader, "", "The body must be an object.");
		return ERR_INVALID;
	}
	reader.good &= json_only_keys(body, keys, "", &request->diag);
	reader.good &= json_read_int(body, "top", 1, SIMULATION_TOP_MAX, false,
		SIMULATION_TOP_DEFAULT, "", &request->diag, &top);
	out->top = (size_t)top;
	read_model(&reader, body);
	read_weights(&reader, body);
	read_policy(&reader, body);
	read_changes(&reader, body);
	read_events(&reader, body);
	if (reader.error)
		return reader.error;
	return reader.good ? ERR_OK : ERR_INVALID;
}

enum error whatif_read(struct request *request, const json_t *body, const char *const *keys,
	const struct ranking *ranking, struct simulation_request *out)
{
	enum error error = whatif_read_unseen(request, body, keys, ranking, out);

	return error ? error : refuse_hidden(request, ranking, out);
}

enum error whatif_run(struct request *request, const struct ranking *ranking,
	const struct simulation_request *wanted, struct simulation *out)
{
	enum heavy_kind kind = heavy_whatif(ranking->input.population->rows);
	struct call call = call_of(request);
	enum error error = heavy_begin(&call, kind);

	*out = (struct simulation){0};
	if (error)
		return error;
	error = simulation_run(ranking, wanted, &request->arena, out);
	heavy_end(&call, kind);
	return error;
}
