/*
 * People's changes on top of what the source says, and taking them back.
 */
#include "service/items_common.h"

#include <stdio.h>

#include "service/catalogs.h"
#include "service/contract_guard.h"

enum { SCRATCH_BYTES = 16 << 20 }; /* of the item, as a contract's gates see it */

struct patching {
	const struct uuid *id;
	const struct precondition *precondition;
	const struct item_source *source; /* NULL: withdraw */
	const struct str *fields;
	size_t field_count;
	struct item_view *out;
};

bool item_input_is_blind(
	const struct call *call, const struct catalog *catalog, const struct item_input *input)
{
	if (roles_see_sensitive(call->roles) || !catalog_is_sensitive(catalog))
		return false;
	for (size_t i = 0; i < input->item.feature_count; i++) {
		uint16_t id = input->item.features[i].id;

		if (id < catalog->feature_count && catalog->features[id].sensitive)
			return true;
	}
	return ((input->given | input->cleared) & catalog->sensitive_fields) != 0;
}

static enum error load(
	struct write *write, const struct patching *patching, struct item_record *record)
{
	const struct call *call = write->call;
	struct item_row *rows;
	size_t found;
	enum error error = items_by_id(
		tx_conn(write->tx), &call->workspace, patching->id, 1, call->arena, &rows, &found);

	if (error)
		return error;
	return found ? item_from_row(&rows[0], patching->out->catalog, call->arena, record)
		     : ERR_NOT_FOUND;
}

static enum error apply(struct write *write, const struct patching *patching,
	const struct item_record *record, struct item_record *out, bool *changed)
{
	const struct call *call = write->call;
	struct item_input input = {0};
	enum error error = patching->source->parse(patching->source->self, 0,
		patching->out->catalog, "", call->arena, call->diag, &input);

	if (error)
		return error;
	if (call->principal)
		input.by = call->principal->token_id;
	error = item_patch(
		record, &input, write->change.revision, call->arena, call->diag, out, changed);
	/* A version of its own in any case: that there is none would tell the value. */
	*changed |= !error && item_input_is_blind(call, patching->out->catalog, &input);
	return error;
}

/* "team" or "features.effort"; faults point at the query. */
static enum error withdraw(struct write *write, const struct patching *patching,
	const struct item_record *record, struct item_record *out, bool *changed)
{
	static const char prefix[] = "features.";
	const struct call *call = write->call;
	uint16_t *ids = arena_array(call->arena, patching->field_count, sizeof *ids);
	size_t id_count = 0, prefix_bytes = sizeof prefix - 1;
	uint32_t fields = 0;

	if (!ids)
		return ERR_BUDGET;
	for (size_t i = 0; i < patching->field_count; i++) {
		struct str name = patching->fields[i];
		const struct feature_definition *feature = NULL;
		uint32_t field = item_field_from_name(name);

		if (name.len > prefix_bytes && memcmp(name.ptr, prefix, prefix_bytes) == 0)
			feature = catalog_feature(patching->out->catalog,
				(struct str){name.ptr + prefix_bytes, name.len - prefix_bytes});
		if (feature)
			ids[id_count++] = feature->id;
		else if (field & ITEM_PATCHABLE)
			fields |= field;
		else
			diag_add(call->diag, "/query/fields",
				"\"%.*s\" is no field that can be patched.", STR_ARG(name));
	}
	if (call->diag->count)
		return ERR_INVALID;
	return item_unpatch(record, patching->field_count == 0, fields, ids, id_count,
		write->change.revision, call->arena, out, changed);
}

/* A person decides here, whoever else's tracker the item is from: what is enforced is refused. */
static enum error judge_in(struct write *write, struct guard *guard, struct patching *patching,
	const struct item_record *before, const struct item_record *after)
{
	const struct call *call = write->call;
	struct diag warnings;
	enum error error =
		flight_load(guard->flight, tx_conn(write->tx), &call->workspace, guard->catalog);

	diag_init(&warnings, call->arena);
	if (!error)
		error = guard_judge(guard, before, after, call->diag, &warnings);
	if (error || warnings.count == 0)
		return error;
	patching->out->warnings = arena_alloc(call->arena, sizeof warnings);
	if (!patching->out->warnings)
		return ERR_BUDGET;
	*patching->out->warnings = warnings;
	return ERR_OK;
}

static enum error judge(struct write *write, struct patching *patching,
	const struct item_record *before, const struct item_record *after)
{
	struct flight flight;
	struct arena scratch;
	struct guard guard = {
		.catalog = patching->out->catalog,
		.flight = &flight,
		.stored = before,
		.roles = write->call->roles,
		.now_s = (double)clock_now_us(write->call->service->clock) / US_PER_S,
		.pointer = "",
		.scratch = &scratch,
	};
	enum error error;

	patching->out->warnings = NULL;
	if (!catalog_contract_active(guard.catalog))
		return ERR_OK;
	flight_init(&flight);
	arena_init(&scratch, SCRATCH_BYTES);
	error = judge_in(write, &guard, patching, before, after);
	flight_release(&flight);
	arena_release(&scratch);
	return error;
}

static enum error store(
	struct write *write, struct patching *patching, const struct item_record *record)
{
	const struct call *call = write->call;
	struct item_storable storable;
	struct items_batch *rows;
	char id[UUID_TEXT_SIZE];
	const char *subject;
	enum error error = item_to_storable(
		record, &call->workspace, write->change.salt, call->arena, &storable);

	if (error)
		return error;
	error = items_batch_new(&write->change, &rows);
	if (error)
		return error;
	error = items_batch_add(rows, record, &storable, NULL);
	items_batch_free(rows);
	if (error)
		return error;
	subject = arena_printf(call->arena, "item:%s", uuid_to_text(patching->id, id));
	if (!subject)
		return ERR_BUDGET;
	return write_finish(
		write, patching->source ? "item.patch" : "item.unpatch", subject, STR("{}"));
}

static enum error patch_body(struct write *write, void *arg)
{
	struct patching *patching = arg;
	struct item_record record, patched;
	bool changed = false;
	char tag[32];
	enum error error;

	catalog_unref(patching->out->catalog);
	patching->out->catalog = NULL;
	error = catalogs_at(write->call->service->catalogs, tx_conn(write->tx),
		&write->call->workspace, write->change.config_revision, &patching->out->catalog);
	if (!error)
		error = load(write, patching, &record);
	if (error)
		return error;
	/* A condition counts only where the request would succeed without it (RFC 9110 §13.2.1). */
	error = patching->source ? apply(write, patching, &record, &patched, &changed)
				 : withdraw(write, patching, &record, &patched, &changed);
	if (!error && changed)
		error = judge(write, patching, &record, &patched);
	if (error)
		return error;
	snprintf(tag, sizeof tag, "r%lld", (long long)record.revision);
	error = patching->precondition->check(patching->precondition->self, tag);
	if (error)
		return error;
	write->nothing = !changed;
	if (changed)
		patched.revision = write->change.revision;
	patching->out->record = changed ? patched : record;
	return changed ? store(write, patching, &patched) : ERR_OK;
}

static enum error run(const struct call *call, struct patching *patching, struct written *written)
{
	enum error error;

	patching->out->catalog = NULL;
	patching->out->warnings = NULL;
	error = write_run(call, &call->workspace, patch_body, patching, written);
	patching->out->head = written->revision;
	if (error) {
		catalog_unref(patching->out->catalog);
		patching->out->catalog = NULL;
	}
	return error;
}

enum error item_patch_apply(const struct call *call, const struct uuid *id,
	const struct precondition *precondition, const struct item_source *source,
	struct item_view *out, struct written *written)
{
	struct patching patching = {
		.id = id, .precondition = precondition, .source = source, .out = out};

	return run(call, &patching, written);
}

enum error item_patch_withdraw(const struct call *call, const struct uuid *id,
	const struct precondition *precondition, const struct str *fields, size_t field_count,
	struct item_view *out, struct written *written)
{
	struct patching patching = {
		.id = id,
		.precondition = precondition,
		.fields = fields,
		.field_count = field_count,
		.out = out,
	};

	return run(call, &patching, written);
}
