/*
 * Overrides: made and revoked under the workspace's lock, judged there by what is in force; read
 * and listed with their texts. How they proved is override_report.c's business.
 */
#include "service/overrides.h"

#include <math.h>

#include "codec/json_writer.h"
#include "service/approval.h"
#include "service/catalogs.h"
#include "service/items_common.h"
#include "service/kept.h"
#include "service/rationale.h"
#include "service/reading.h"

enum override_state override_state_of(const struct override_row *override, int64_t now_us)
{
	if (override->ended_revision > 0)
		return str_is(override->end_reason, "revoked") ? OVERRIDE_REVOKED
							       : OVERRIDE_EXPIRED;
	return override->expires_us <= now_us ? OVERRIDE_EXPIRED : OVERRIDE_IN_FORCE;
}

const char *override_state_name(enum override_state state)
{
	static const char *const names[] = {
		[OVERRIDE_IN_FORCE] = "in_force",
		[OVERRIDE_EXPIRED] = "expired",
		[OVERRIDE_REVOKED] = "revoked",
	};

	return names[state];
}

/* ---- judging ---- */

bool override_look_up(
	struct override_input *input, const struct ranking *ranking, struct arena *arena)
{
	const char *band = NULL;
	uint32_t row;

	if (!ranking)
		return true;
	row = ranking_find(ranking, &input->item);
	if (row != WN_ROW_NONE)
		band = ranking_band_name(ranking, row);
	if (row != WN_ROW_NONE)
		input->rank_before = ranking->decision.order.rank[row];
	input->candidates = (int64_t)ranking->decision.order.count;
	/* An item that is not in it would make the queue one longer. */
	if (input->candidates > 0 && input->rank_before == 0)
		input->candidates++;
	if (!band || input->rank_before == 0)
		return true;
	/* The ranking may be let go before the band is written. */
	band = arena_strdup(arena, str_from(band));
	input->band_before = str_from(band);
	return band != NULL;
}

struct creating {
	const struct override_input *input;
	struct override_row *out;
	struct catalog *catalog; /* that the attempt met; a reference */
	/* The item and the target, NULL: not there. */
	const struct item_row *item, *target;
};

static void check_texts(const struct override_input *input, struct diag *diag)
{
	if (rationale_characters(input->justification) < OVERRIDE_MIN_JUSTIFICATION)
		diag_add(diag, "/justification",
			"An override says why: at least %d characters, blanks at the ends not "
			"counted.",
			OVERRIDE_MIN_JUSTIFICATION);
	else if (input->justification.len > OVERRIDE_MAX_JUSTIFICATION)
		diag_add(diag, "/justification", "At most %d bytes, not %zu.",
			OVERRIDE_MAX_JUSTIFICATION, input->justification.len);
	if (input->link.ptr && input->link.len > OVERRIDE_MAX_LINK)
		diag_add(diag, "/link", "At most %d bytes, not %zu.", OVERRIDE_MAX_LINK,
			input->link.len);
	else if (input->link.ptr && !item_url_is_web(input->link))
		diag_add(diag, "/link",
			"Must be an absolute URL that begins with http:// or https://.");
	if (input->author_team.ptr &&
		(input->author_team.len < 1 || input->author_team.len > OVERRIDE_MAX_TEAM))
		diag_add(diag, "/author_team", "A team has 1 to %d bytes.", OVERRIDE_MAX_TEAM);
}

static void check_expiry(int64_t expires_us, int64_t now_us, unsigned max_days, struct diag *diag)
{
	int64_t last_us = now_us + (int64_t)max_days * 86400 * US_PER_S;
	char text[32];

	if (expires_us == TIME_NONE)
		diag_add(diag, "/expires_at", "An override expires: say when.");
	else if (expires_us <= now_us)
		diag_add(diag, "/expires_at", "This is not in the future.");
	else if (expires_us > last_us)
		diag_add(diag, "/expires_at",
			"An override lasts at most %u days in this workspace, until %s.", max_days,
			time_to_text(last_us, text));
}

static void check_pin(const struct override_input *input, struct diag *diag)
{
	if (input->rank == 0)
		diag_add(diag, "/rank", "A pin needs the rank that it pins to.");
	else if (input->rank < 1 || input->rank > OVERRIDE_MAX_RANK)
		diag_add(diag, "/rank", "A rank is from 1 to %d.", OVERRIDE_MAX_RANK);
	else if (input->candidates == 0)
		diag_add(diag, "/rank", "The queue is empty: there is no rank to pin to.");
	else if (input->candidates != OVERRIDE_ANY_RANK && input->rank > input->candidates)
		diag_add(diag, "/rank", "The queue ends at rank %lld.",
			(long long)input->candidates);
}

static void check_boost(const struct override_input *input, struct diag *diag)
{
	if (isnan(input->delta))
		diag_add(diag, "/delta", "A boost needs the points that it adds.");
	else if (!isfinite(input->delta) || input->delta == 0)
		diag_add(diag, "/delta", "A boost is a finite number that is not 0.");
}

static void check_band(
	const struct creating *creating, const struct model_version *model, struct diag *diag)
{
	struct str band = creating->input->band;

	if (!band.ptr) {
		diag_add(diag, "/band", "A band override needs the name of a band.");
		return;
	}
	for (size_t i = 0; model && i < model->model.band_count; i++) {
		if (str_is(band, model->model.bands[i].name))
			return;
	}
	diag_add(diag, "/band", "The active model has no band of this name.");
}

static void check_before(const struct creating *creating, struct diag *diag)
{
	const struct override_input *input = creating->input;

	if (!input->has_target)
		diag_add(diag, "/target", "Say which item it goes before.");
	else if (uuid_cmp(&input->target, &input->item) == 0)
		diag_add(diag, "/target", "An item cannot go before itself.");
	else if (!creating->target)
		diag_add(diag, "/target", "There is no item of this id in this workspace.");
	else if (item_is_finished(creating->target, creating->catalog))
		diag_add(diag, "/target", "This item is finished: its status is %.*s.",
			STR_ARG(creating->target->record.item.status));
}

/* What another kind would need. */
static void check_strangers(const struct override_input *input, int kind, struct diag *diag)
{
	const char *name = override_kinds[kind];

	if (kind != WN_OVERRIDE_PIN && input->rank != 0)
		diag_add(diag, "/rank", "An override of kind %s has no rank.", name);
	if (kind != WN_OVERRIDE_BOOST && !isnan(input->delta))
		diag_add(diag, "/delta", "An override of kind %s has no delta.", name);
	if (kind != WN_OVERRIDE_BAND && input->band.ptr)
		diag_add(diag, "/band", "An override of kind %s has no band.", name);
	if (kind != WN_OVERRIDE_BEFORE && input->has_target)
		diag_add(diag, "/target", "An override of kind %s has no target.", name);
}

static void check_kind(
	const struct creating *creating, const struct model_version *model, struct diag *diag)
{
	const struct override_input *input = creating->input;
	int kind = override_kind_index(input->kind);

	if (kind < 0) {
		diag_add(diag, "/kind",
			"An override is a pin, boost, band, before, exclude or defer.");
		return;
	}
	check_strangers(input, kind, diag);
	if (kind == WN_OVERRIDE_PIN)
		check_pin(input, diag);
	if (kind == WN_OVERRIDE_BOOST)
		check_boost(input, diag);
	if (kind == WN_OVERRIDE_BAND)
		check_band(creating, model, diag);
	if (kind == WN_OVERRIDE_BEFORE)
		check_before(creating, diag);
}

static enum error check_item(const struct creating *creating, struct diag *diag)
{
	if (!creating->item) {
		diag_add(diag, "", "There is no item of this id in this workspace.");
		return ERR_NOT_FOUND;
	}
	if (item_is_finished(creating->item, creating->catalog)) {
		diag_add(diag, "",
			"The item is finished: its status is %.*s. Only an item that is open or in "
			"progress can be overridden.",
			STR_ARG(creating->item->record.item.status));
		return ERR_CONFLICT;
	}
	return ERR_OK;
}

/* Every ranking looks at each of them. */
static enum error check_room(struct write *write)
{
	int64_t count;
	enum error error = overrides_in_force(
		tx_conn(write->tx), &write->call->workspace, write->change.at_us, &count);

	if (error || count < OVERRIDE_MAX_IN_FORCE)
		return error;
	diag_add(write->call->diag, "",
		"This workspace has %lld overrides in force, and %d are the most: revoke one.",
		(long long)count, OVERRIDE_MAX_IN_FORCE);
	return ERR_CONFLICT;
}

static const struct model_version *active_model(const struct catalog *catalog)
{
	const struct alias *active = catalog_alias(catalog, STR("active"));

	return active ? catalog_model(catalog, active->model) : NULL;
}

/* ---- making ---- */

/* Canonical: keys in byte order. No personal text. */
static void write_detail(struct buf *out, const struct override_row *override)
{
	int kind = override_kind_index(override->kind);
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	if (kind == WN_OVERRIDE_BAND)
		json_put(&json, "band", str, override->band);
	if (kind == WN_OVERRIDE_BOOST)
		json_put(&json, "delta", number, override->delta);
	json_put(&json, "expires_at", time, override->expires_us);
	json_put(&json, "item", uuid, &override->item);
	json_put(&json, "kind", str, override->kind);
	if (kind == WN_OVERRIDE_PIN)
		json_put(&json, "rank", int, override->rank);
	if (kind == WN_OVERRIDE_BEFORE)
		json_put(&json, "target", uuid, &override->target);
	json_object_end(&json);
}

static enum error finish(
	struct write *write, const char *action, const struct override_row *override)
{
	struct buf detail = BUF_INIT;
	char id[UUID_TEXT_SIZE];
	const char *subject =
		arena_printf(write->call->arena, "override:%s", uuid_to_text(&override->id, id));
	enum error error;

	write_detail(&detail, override);
	error = subject && !detail.failed ? write_finish(write, action, subject, buf_view(&detail))
					  : ERR_NO_MEMORY;
	buf_release(&detail);
	return error;
}

static void fill_row(const struct write *write, const struct creating *creating,
	const struct model_version *model)
{
	const struct override_input *input = creating->input;

	*creating->out = (struct override_row){
		.revision = write->change.revision,
		.item = input->item,
		.kind = input->kind,
		.rank = input->rank,
		.delta = input->delta,
		.band = input->band,
		.target = input->has_target ? input->target : (struct uuid){{0}},
		.expires_us = input->expires_us,
		.made_us = write->change.at_us,
		.author = input->author.ptr ? input->author : str_from(call_actor(write->call)),
		.author_team = input->author_team,
		.model_version = model ? model->version : 0,
		.rank_before = input->rank_before,
		.band_before = input->band_before,
		.justification = input->justification,
		.link = input->link,
		.ended_us = TIME_NONE,
	};
	uuid_random(&creating->out->id);
}

static enum error meet_items(struct write *write, struct creating *creating)
{
	const struct override_input *input = creating->input;
	const struct uuid ids[] = {input->item, input->target};
	struct item_row *items;
	size_t found;
	enum error error = items_by_id(tx_conn(write->tx), &write->call->workspace, ids,
		input->has_target ? 2 : 1, write->call->arena, &items, &found);

	creating->item = NULL;
	creating->target = NULL;
	for (size_t i = 0; !error && i < found; i++) {
		if (uuid_cmp(&items[i].record.id, &input->item) == 0)
			creating->item = &items[i];
		else
			creating->target = &items[i];
	}
	return error;
}

static enum error judge_in(struct write *write, struct creating *creating)
{
	const struct override_input *input = creating->input;
	struct diag *diag = write->call->diag;
	enum error error = meet_items(write, creating);

	if (error)
		return error;
	check_kind(creating, active_model(creating->catalog), diag);
	check_expiry(
		input->expires_us, write->change.at_us, creating->catalog->override_max_days, diag);
	check_texts(input, diag);
	if (diag->count)
		return ERR_INVALID;
	error = check_item(creating, diag);
	return error ? error : check_room(write);
}

enum error override_judge(
	struct write *write, struct catalog *catalog, const struct override_input *input)
{
	struct creating creating = {.input = input, .catalog = catalog};

	return judge_in(write, &creating);
}

enum error override_add(struct write *write, struct catalog *catalog,
	const struct override_input *input, struct override_row *out)
{
	struct creating creating = {.input = input, .catalog = catalog, .out = out};
	enum error error = judge_in(write, &creating);

	if (error)
		return error;
	fill_row(write, &creating, active_model(catalog));
	return override_append(&write->change, out);
}

static enum error create_in(struct write *write, struct creating *creating)
{
	enum error error = judge_in(write, creating);

	if (!error)
		error = approval_guard(
			creating->catalog, "override", creating->input->kind, write->call->diag);
	if (error)
		return error;
	fill_row(write, creating, active_model(creating->catalog));
	kept_put_uuid(&write->kept, &creating->out->id);
	error = override_append(&write->change, creating->out);
	return error ? error : finish(write, "override.create", creating->out);
}

static enum error create_body(struct write *write, void *arg)
{
	struct creating *creating = arg;
	enum error error = catalogs_at(write->call->service->catalogs, tx_conn(write->tx),
		&write->call->workspace, write->change.config_revision, &creating->catalog);

	if (error)
		return error;
	error = create_in(write, creating);
	catalog_unref(creating->catalog);
	return error;
}

/* As it was made, whatever became of it since. */
static enum error create_recall(struct write *write, struct kept *kept, void *arg)
{
	struct override_row *override = ((struct creating *)arg)->out;
	struct uuid id = kept_uuid(kept);
	enum error error = override_read(
		tx_conn(write->tx), &write->call->workspace, &id, write->call->arena, override);

	override->ended_revision = 0;
	override->ended_us = TIME_NONE;
	override->end_reason = override->ended_by = STR_NONE;
	return error;
}

enum error override_create(const struct call *call, const struct override_input *input,
	struct override_row *out, struct written *written)
{
	static const struct write_steps steps = {create_body, create_recall};
	struct creating creating = {.input = input, .out = out};

	return write_once(call, &call->workspace, &steps, &creating, written);
}

/* ---- ending ---- */

struct revoking {
	const struct uuid *id;
	struct override_row *out;
};

enum error override_judge_end(struct write *write, const struct uuid *id, struct override_row *out)
{
	const struct call *call = write->call;
	enum override_state state;
	enum error error =
		override_read(tx_conn(write->tx), &call->workspace, id, call->arena, out);

	if (error)
		return error;
	state = override_state_of(out, write->change.at_us);
	if (state == OVERRIDE_IN_FORCE)
		return ERR_OK;
	diag_add(call->diag, "", "This override has ended already: it %s.",
		state == OVERRIDE_REVOKED ? "was revoked" : "has expired");
	return ERR_CONFLICT;
}

enum error override_end(struct write *write, struct override_row *override, const char *by)
{
	override->ended_revision = write->change.revision;
	override->ended_us = write->change.at_us;
	override->end_reason = STR("revoked");
	override->ended_by = str_from(by);
	return override_end_append(&write->change, &override->id, "revoked", by);
}

/* What others have to approve, nobody takes back alone, its author neither. */
static enum error check_revoker(struct write *write, const struct override_row *override)
{
	const struct call *call = write->call;
	struct catalog *catalog;
	enum error error = catalogs_at(call->service->catalogs, tx_conn(write->tx),
		&call->workspace, write->change.config_revision, &catalog);

	if (error)
		return error;
	error = approval_guard(catalog, "override", override->kind, call->diag);
	catalog_unref(catalog);
	return error;
}

static enum error revoke_body(struct write *write, void *arg)
{
	struct revoking *revoking = arg;
	enum error error = override_judge_end(write, revoking->id, revoking->out);

	if (!error)
		error = check_revoker(write, revoking->out);
	if (!error)
		error = override_end(write, revoking->out, call_actor(write->call));
	return error ? error : finish(write, "override.revoke", revoking->out);
}

/* It ends once. */
static enum error revoke_recall(struct write *write, struct kept *kept, void *arg)
{
	const struct revoking *revoking = arg;

	(void)kept;
	return override_read(tx_conn(write->tx), &write->call->workspace, revoking->id,
		write->call->arena, revoking->out);
}

enum error override_revoke(const struct call *call, const struct uuid *id, struct override_row *out,
	struct written *written)
{
	static const struct write_steps steps = {revoke_body, revoke_recall};
	struct revoking revoking = {.id = id, .out = out};

	return write_once(call, &call->workspace, &steps, &revoking, written);
}

struct expiring {
	int64_t since_us;
	size_t count;
};

static enum error expire_body(struct write *write, void *arg)
{
	struct expiring *expiring = arg;
	const struct expiry_span span = {expiring->since_us, write->change.at_us};
	struct buf detail = BUF_INIT;
	struct uuid *ids;
	enum error error = overrides_due(tx_conn(write->tx), &write->call->workspace, &span,
		write->call->arena, &ids, &expiring->count);

	if (error)
		return error;
	/* Another daemon was here first. */
	write->nothing = expiring->count == 0;
	if (write->nothing)
		return ERR_OK;
	for (size_t i = 0; !error && i < expiring->count; i++)
		error = override_end_append(
			&write->change, &ids[i], "expired", call_actor(write->call));
	if (error)
		return error;
	buf_printf(&detail, "{\"count\":%zu}", expiring->count);
	error = detail.failed ? ERR_NO_MEMORY
			      : write_finish(write, "override.expire", "", buf_view(&detail));
	buf_release(&detail);
	return error;
}

enum error overrides_expire(
	const struct call *call, int64_t since_us, size_t *count, struct written *written)
{
	struct expiring expiring = {.since_us = since_us};
	enum error error = write_run(call, &call->workspace, expire_body, &expiring, written);

	*count = expiring.count;
	return error;
}

/* ---- reading ---- */

enum error override_get(
	const struct call *call, const struct uuid *id, struct override_row *out, int64_t *revision)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	error = override_read(reading.conn, &call->workspace, id, call->arena, out);
	reading_end(&reading);
	*revision = reading.head.revision;
	return error;
}

enum error override_list(const struct call *call, const struct override_filter *filter,
	struct override_row **out, size_t *count, int64_t *revision)
{
	struct override_filter asked = *filter;
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	if (asked.now_us == 0)
		asked.now_us = clock_now_us(call->service->clock);
	error = overrides_list(reading.conn, &call->workspace, &asked, call->arena, out, count);
	reading_end(&reading);
	*revision = reading.head.revision;
	return error;
}
