/*
 * Suspending, resuming, rolling back: aliases moved under the lock, with who did it and why.
 */
#include "service/suspension.h"

#include <string.h>

#include "codec/json_writer.h"
#include "service/alias_past.h"
#include "service/catalogs.h"
#include "service/documents.h"
#include "service/kept.h"
#include "service/promotion.h"
#include "service/rationale.h"
#include "service/reading.h"

enum { KEPT_LOOKED_AT = 1000 };

struct intervening {
	const struct suspend_request *suspend;
	int64_t model, policy; /* wanted; 0: not said */
	struct str rationale;
	struct intervened *out;
	struct catalog *catalog; /* that the attempt met; a reference */
};

static enum error conflict(const struct write *write, const char *detail)
{
	diag_add(write->call->diag, "", "%s", detail);
	return ERR_CONFLICT;
}

static enum error meet_catalog(struct write *write, struct intervening *doing)
{
	catalog_unref(doing->catalog);
	doing->catalog = NULL;
	*doing->out = (struct intervened){.ranks = 0};
	return catalogs_at(write->call->service->catalogs, tx_conn(write->tx),
		&write->call->workspace, write->change.config_revision, &doing->catalog);
}

static const struct model_version *active_model(const struct catalog *catalog)
{
	const struct alias *active = catalog_alias(catalog, STR("active"));

	return active ? catalog_model(catalog, active->model) : NULL;
}

static bool is_fixed_order(const struct model_version *model)
{
	return strcmp(wn_model_kind_name(model->model.kind), "fixed_order") == 0;
}

static enum error add_alias(
	struct write *write, const struct intervening *doing, const char *kind, int64_t version)
{
	const char *member = strcmp(kind, "alias") == 0 ? "model" : "policy";
	const char *body =
		arena_printf(write->call->arena, "{\"%s\":%lld}", member, (long long)version);

	if (!body)
		return ERR_NO_MEMORY;
	return document_add(write, doing->catalog, kind, STR("active"), str_from(body));
}

/* Canonical: keys in byte order. */
static void write_detail(struct buf *out, const struct intervened *done)
{
	const struct intervention_row *row = &done->row;
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	if (row->fallback.ptr)
		json_put(&json, "fallback", str, row->fallback);
	if (row->ranking.ptr)
		json_put(&json, "ranking", str, row->ranking);
	json_put(&json, "version", int, done->version);
	json_object_end(&json);
}

/* The row of what was done, and the end of the change. */
static enum error finish(struct write *write, struct intervening *doing, const char *action)
{
	struct intervention_row *row = &doing->out->row;
	bool model = row->model > 0;
	const char *subject = arena_printf(write->call->arena, "%s:%lld",
		model ? "model" : "policy", (long long)(model ? row->model : row->policy));
	const char *name =
		arena_printf(write->call->arena, "%s.%s", model ? "model" : "policy", action);
	struct buf detail = BUF_INIT;
	enum error error;

	row->revision = write->change.revision;
	row->action = str_from(action);
	row->made_us = write->change.at_us;
	row->author = str_from(call_actor(write->call));
	row->rationale = doing->rationale;
	error = intervention_append(&write->change, row);
	if (error)
		return error;
	kept_put_int(&write->kept, doing->out->version);
	kept_put_int(&write->kept, doing->out->ranks);
	write_detail(&detail, doing->out);
	error = subject && name && !detail.failed
			? write_finish(write, name, subject, buf_view(&detail))
			: ERR_NO_MEMORY;
	buf_release(&detail);
	return error;
}

static enum error recall(struct write *write, struct kept *kept, void *arg)
{
	struct intervening *doing = arg;
	struct intervention_row *rows;
	size_t count;
	enum error error;

	doing->out->version = kept_int(kept);
	doing->out->ranks = kept_int(kept);
	error = interventions_list(tx_conn(write->tx), &write->call->workspace,
		write->written.revision + 1, 1, write->call->arena, &rows, &count);
	if (!error && count == 0)
		error = ERR_INTERNAL;
	if (!error)
		doing->out->row = rows[0];
	return error;
}

static enum error run(const struct call *call, struct intervening *doing,
	enum error (*body)(struct write *write, void *arg), struct written *written)
{
	const struct write_steps steps = {body, recall};
	enum error error;

	rationale_check(doing->rationale, "/rationale", call->diag);
	if (call->diag->count)
		return ERR_INVALID;
	error = write_once(call, &call->workspace, &steps, doing, written);
	catalog_unref(doing->catalog);
	return error;
}

/* ---- the order that stands in ---- */

struct fallback {
	const struct model_version *suspended;
	struct str ranking;
	struct ranked_item *items;
	size_t count;
	size_t in_band[WN_MAX_BANDS]; /* by the suspended model's bands */
};

/* Of an operator's token nothing is found here; it is no agent's before anybody has said so. */
static enum error is_kept_by_agent(struct write *write, const struct ranking_row *row, bool *agent)
{
	const size_t prefix = sizeof "token:" - 1;
	enum actor_kind kind;
	struct token_row token;
	struct uuid id;
	enum error error;

	*agent = false;
	if (row->kept_by.len <= prefix ||
		!uuid_from_text(
			(struct str){row->kept_by.ptr + prefix, row->kept_by.len - prefix}, &id))
		return ERR_OK;
	error = token_read(
		tx_conn(write->tx), &write->call->workspace, &id, write->call->arena, &token);
	if (error == ERR_NOT_FOUND)
		return ERR_OK;
	*agent = !error && actor_kind_from_name(token.actor_kind, &kind) && kind == ACTOR_AGENT;
	return error;
}

/* What stood in for a model is no order to go by again. */
static bool is_by_model(const struct catalog *catalog, const struct ranking_row *row)
{
	const struct model_version *model = catalog_model(catalog, row->receipt.model);

	return model && !is_fixed_order(model);
}

/* The kept ranking that is asked for, or the last that a model has ranked and no agent has kept. */
static enum error find_kept(struct write *write, const struct intervening *doing,
	const struct catalog *catalog, struct ranking_row *out)
{
	struct str wanted = doing->suspend->ranking;
	struct ranking_row *rows;
	size_t count;
	enum error error;

	if (wanted.ptr) {
		error = ranking_read(tx_conn(write->tx), &write->call->workspace, wanted,
			write->call->arena, out);
		if (error == ERR_NOT_FOUND)
			return conflict(write, "There is no kept ranking of this id.");
		if (!error && !is_by_model(catalog, out))
			return conflict(
				write, "This ranking was kept while a model was suspended.");
		return error;
	}
	error = rankings_list(tx_conn(write->tx), &write->call->workspace, INT64_MAX,
		KEPT_LOOKED_AT, write->call->arena, &rows, &count);
	for (size_t i = 0; !error && i < count; i++) {
		bool agent;

		if (!is_by_model(catalog, &rows[i]))
			continue;
		error = is_kept_by_agent(write, &rows[i], &agent);
		if (error || agent)
			continue;
		*out = rows[i];
		return ERR_OK;
	}
	if (error)
		return error;
	return conflict(write, "No ranking was kept that could be gone by: suspend to the rules.");
}

/* A place in a band of that name; what has none of its own is in the last. */
static void count_bands(struct fallback *fallback, const struct model_version *kept_by)
{
	const struct wn_model *model = &fallback->suspended->model;

	for (size_t i = 0; i < fallback->count; i++) {
		uint8_t band = fallback->items[i].band;
		const char *name = kept_by && band < kept_by->model.band_count
					   ? kept_by->model.bands[band].name
					   : NULL;
		size_t at = model->band_count - 1;

		for (size_t b = 0; name && b < model->band_count; b++) {
			if (strcmp(model->bands[b].name, name) == 0)
				at = b;
		}
		fallback->in_band[at]++;
	}
}

static enum error find_fallback(
	struct write *write, const struct intervening *doing, struct fallback *out)
{
	const struct catalog *catalog = doing->catalog;
	struct ranking_row kept;
	enum error error;

	*out = (struct fallback){.suspended = active_model(catalog)};
	if (!out->suspended)
		return ERR_INTERNAL;
	if (str_is(doing->suspend->fallback, "rules"))
		return ERR_OK;
	error = find_kept(write, doing, catalog, &kept);
	if (error)
		return error;
	out->ranking = kept.id;
	error = ranking_entries(tx_conn(write->tx), &write->call->workspace, kept.id, 1,
		FALLBACK_RANKS_MAX, write->call->arena, &out->items, &out->count);
	if (!error)
		count_bands(out, catalog_model(catalog, kept.receipt.model));
	return error;
}

/* The bands keep their names, so that policy and overrides go on to mean them, and their sizes: each takes
 * as many places, from the first on, as items stood in it. */
static void write_bands(struct json_writer *json, const struct fallback *fallback)
{
	const struct wn_model *model = &fallback->suspended->model;
	size_t taken = 0;

	json_key(json, "bands");
	json_array_begin(json);
	for (size_t b = 0; b < model->band_count; b++) {
		taken += fallback->in_band[b];
		json_object_begin(json);
		/* Between two places, and less than that of the band before. */
		if (b + 1 < model->band_count)
			json_put(json, "at_least", number,
				(double)(fallback->count - taken) + 0.5 - (double)b / 1024);
		json_put(json, "name", text, model->bands[b].name);
		json_object_end(json);
	}
	json_array_end(json);
}

/* Canonical: keys in byte order. */
static bool write_model(struct arena *arena, struct buf *out, const struct fallback *fallback)
{
	struct buf items = BUF_INIT;
	struct json_writer json;
	const char *name = "suspended: rules";

	if (fallback->ranking.ptr)
		name = arena_printf(arena, "suspended: ranking %.*s", STR_ARG(fallback->ranking));
	for (size_t i = 0; i < fallback->count; i++)
		buf_hex(&items, fallback->items[i].id.bytes, sizeof fallback->items[i].id.bytes);
	json_writer_init(&json, out);
	json_object_begin(&json);
	write_bands(&json, fallback);
	json_put(&json, "items", str, items.len > 0 ? buf_view(&items) : STR(""));
	json_put(&json, "kind", text, "fixed_order");
	json_put(&json, "name", text, name);
	json_key(&json, "pins");
	json_object_begin(&json);
	json_object_end(&json);
	json_object_end(&json);
	out->failed |= items.failed || !name;
	buf_release(&items);
	return !out->failed;
}

/* The rules are short, written once for a set of bands, and the brake that must always hold: a workspace full
 * of configuration has room for them. */
static enum error add_model(struct write *write, const struct intervening *doing,
	const struct fallback *fallback, struct str name, struct str body)
{
	const struct document document = {
		.kind = STR("model"),
		.name = name,
		.revision = write->change.revision,
		.body = body,
	};

	if (fallback->count > 0)
		return document_add(write, doing->catalog, "model", name, body);
	return documents_append(&write->change, &document);
}

static enum error add_fallback(
	struct write *write, const struct intervening *doing, const struct fallback *fallback)
{
	struct buf body = BUF_INIT;
	const char *name;
	bool added;
	enum error error = ERR_OK;

	if (!write_model(write->call->arena, &body, fallback)) {
		buf_release(&body);
		return ERR_NO_MEMORY;
	}
	doing->out->version = model_version_of(doing->catalog, buf_view(&body), &added);
	name = arena_printf(write->call->arena, "%lld", (long long)doing->out->version);
	if (!name)
		error = ERR_NO_MEMORY;
	if (!error && added)
		error = add_model(write, doing, fallback, str_from(name), buf_view(&body));
	buf_release(&body);
	return error ? error : add_alias(write, doing, "alias", doing->out->version);
}

static enum error add_suspension(
	struct write *write, const struct intervening *doing, const struct fallback *fallback)
{
	struct buf body = BUF_INIT;
	struct json_writer json;
	enum error error = ERR_NO_MEMORY;

	json_writer_init(&json, &body);
	json_object_begin(&json);
	json_put(&json, "fallback", str, doing->suspend->fallback);
	json_put(&json, "model", int, fallback->suspended->version);
	if (fallback->ranking.ptr)
		json_put(&json, "ranking", str, fallback->ranking);
	json_object_end(&json);
	if (!body.failed)
		error = document_add(
			write, doing->catalog, "suspension", STR("model"), buf_view(&body));
	buf_release(&body);
	return error;
}

static enum error suspend_body(struct write *write, void *arg)
{
	struct intervening *doing = arg;
	struct fallback fallback;
	enum error error = meet_catalog(write, doing);

	if (error)
		return error;
	if (doing->catalog->suspension.model > 0)
		return conflict(write, "The model is suspended already.");
	error = find_fallback(write, doing, &fallback);
	if (!error)
		error = add_fallback(write, doing, &fallback);
	if (!error)
		error = add_suspension(write, doing, &fallback);
	if (error)
		return error;
	doing->out->ranks = (int64_t)fallback.count;
	doing->out->row.model = fallback.suspended->version;
	doing->out->row.fallback = doing->suspend->fallback;
	doing->out->row.ranking = fallback.ranking;
	return finish(write, doing, "suspend");
}

enum error model_suspend(const struct call *call, const struct suspend_request *request,
	struct intervened *out, struct written *written)
{
	struct intervening doing = {
		.suspend = request, .rationale = request->rationale, .out = out};
	bool kept = str_is(request->fallback, "last_approved_ranking");

	if (!kept && !str_is(request->fallback, "rules"))
		diag_add(call->diag, "/fallback", "This is rules or last_approved_ranking.");
	else if (!kept && request->ranking.ptr)
		diag_add(call->diag, "/ranking", "The rules have no ranking.");
	return run(call, &doing, suspend_body, written);
}

/* ---- back ---- */

/* Whether this version was behind "active" before; and by approval, where that is asked for. */
static enum error was_active(struct write *write, const struct intervening *doing, const char *kind,
	int64_t version, const char *pointer)
{
	bool model = strcmp(kind, "alias") == 0, approved = true;
	const char *member = model ? "model" : "policy";
	const struct approval_rules *rules = &doing->catalog->approval;
	const char *body =
		arena_printf(write->call->arena, "{\"%s\":%lld}", member, (long long)version);
	struct document *documents;
	struct alias_past past;
	bool found = false;
	size_t count;
	enum error error =
		body ? documents_named(tx_conn(write->tx), &write->call->workspace, str_from(kind),
			       STR("active"), write->call->arena, &documents, &count)
		     : ERR_NO_MEMORY;

	if (error)
		return error;
	past = (struct alias_past){documents, count, str_from(body)};
	for (size_t i = 0; i < count; i++)
		found = found || str_eq(documents[i].body, past.wanted);
	if (found && rules->of[model ? APPROVE_MODEL : APPROVE_POLICY].required &&
		!(model && version == doing->catalog->suspension.model))
		error = alias_past_approved(write, &past, &approved);
	if (error || (found && approved))
		return error;
	if (found) {
		diag_add(write->call->diag, pointer,
			"Version %lld came by a bypass, or was gone back from: propose it.",
			(long long)version);
		return ERR_APPROVAL_REQUIRED;
	}
	diag_add(write->call->diag, pointer,
		"Version %lld was never active: only what was in force before can be gone back to.",
		(long long)version);
	return ERR_CONFLICT;
}

/* A model that may be active, as one that was. */
static enum error check_model(
	struct write *write, const struct intervening *doing, int64_t version, const char *pointer)
{
	const struct model_version *model = catalog_model(doing->catalog, version);
	enum error error = was_active(write, doing, "alias", version, pointer);

	if (error)
		return error;
	if (is_fixed_order(model)) {
		diag_add(write->call->diag, pointer,
			"Version %lld stood in while a model was suspended: suspend again for "
			"that.",
			(long long)version);
		return ERR_CONFLICT;
	}
	return promotion_check_model(doing->catalog, STR("active"), model, write->call->diag);
}

static enum error resume_body(struct write *write, void *arg)
{
	struct intervening *doing = arg;
	int64_t version;
	enum error error = meet_catalog(write, doing);

	if (error)
		return error;
	version = doing->model > 0 ? doing->model : doing->catalog->suspension.model;
	if (doing->catalog->suspension.model == 0)
		return conflict(write, "No model is suspended.");
	error = check_model(write, doing, version, "/model_version");
	if (!error)
		error = add_alias(write, doing, "alias", version);
	if (!error)
		error = document_add(
			write, doing->catalog, "suspension", STR("model"), STR("{\"model\":null}"));
	if (error)
		return error;
	doing->out->version = version;
	doing->out->row.model = version;
	return finish(write, doing, "resume");
}

enum error model_resume(const struct call *call, int64_t model, struct str rationale,
	struct intervened *out, struct written *written)
{
	struct intervening doing = {.model = model, .rationale = rationale, .out = out};

	return run(call, &doing, resume_body, written);
}

static enum error roll_model_back(struct write *write, struct intervening *doing)
{
	const struct model_version *active = active_model(doing->catalog);
	enum error error;

	if (doing->catalog->suspension.model > 0)
		return conflict(write,
			"The model is suspended: resume it, with the version to go on with.");
	if (active && active->version == doing->model)
		return conflict(write, "This version is active.");
	error = check_model(write, doing, doing->model, "/model_version");
	if (!error)
		error = add_alias(write, doing, "alias", doing->model);
	doing->out->version = doing->out->row.model = doing->model;
	return error;
}

static enum error roll_policy_back(struct write *write, struct intervening *doing)
{
	const struct policy_version *active = catalog_policy_named(doing->catalog, STR("active"));
	enum error error;

	if (active && active->version == doing->policy)
		return conflict(write, "This version is active.");
	error = was_active(write, doing, "policy_alias", doing->policy, "/policy_version");
	if (!error)
		error = promotion_check_policy(doing->catalog, STR("active"),
			catalog_policy(doing->catalog, doing->policy), write->call->diag);
	if (!error)
		error = add_alias(write, doing, "policy_alias", doing->policy);
	doing->out->version = doing->out->row.policy = doing->policy;
	return error;
}

static enum error rollback_body(struct write *write, void *arg)
{
	struct intervening *doing = arg;
	enum error error = meet_catalog(write, doing);

	if (!error)
		error = doing->model > 0 ? roll_model_back(write, doing)
					 : roll_policy_back(write, doing);
	return error ? error : finish(write, doing, "rollback");
}

enum error version_rollback(const struct call *call, int64_t model, int64_t policy,
	struct str rationale, struct intervened *out, struct written *written)
{
	struct intervening doing = {
		.model = model, .policy = policy, .rationale = rationale, .out = out};

	if ((model > 0) == (policy > 0))
		diag_add(call->diag, "",
			"Say model_version or policy_version: one thing is set back at a time.");
	return run(call, &doing, rollback_body, written);
}

enum error intervention_list(const struct call *call, int64_t before, size_t limit,
	struct intervention_row **out, size_t *count, int64_t *revision)
{
	struct reading reading;
	enum error error;

	reading_past(call, 0, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = interventions_list(reading.conn, &call->workspace, before, limit,
				call->arena, out, count);
	} while (reading_again(&reading, error));
	*revision = reading.head.revision;
	return error;
}
