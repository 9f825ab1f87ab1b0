/*
 * Gates and limits at the moment of a change. A gate is asked of the item as it will be, in a population of
 * one; a limit is asked of all that is in flight.
 */
#include "service/contract_guard.h"

#include <string.h>

#include "codec/population.h"
#include "service/principal.h"

enum {
	FLIGHT_BYTES = 256 << 20,
	NAMED_MAX = 20, /* items in flight that a refusal names */
};

/* ---- the flight ---- */

void flight_init(struct flight *flight)
{
	*flight = (struct flight){0};
	arena_init(&flight->arena, FLIGHT_BYTES);
}

static void forget(struct flight *flight)
{
	uuid_map_release(&flight->index);
	arena_release(&flight->arena);
	flight->flyers = NULL;
	flight->undo = NULL;
	flight->count = flight->room = flight->undo_count = flight->undo_room = 0;
	flight->loaded = false;
}

void flight_release(struct flight *flight)
{
	forget(flight);
}

static enum error active_statuses(
	const struct catalog *catalog, struct arena *arena, const struct str **out, size_t *count)
{
	struct str *words = arena_array(arena, catalog->status_count, sizeof *words);

	*count = 0;
	*out = words;
	if (!words)
		return ERR_BUDGET;
	for (size_t i = 0; i < catalog->status_count; i++) {
		if (catalog->statuses[i].class == STATUS_ACTIVE)
			words[(*count)++] = catalog->statuses[i].name;
	}
	return ERR_OK;
}

static enum error take_rows(struct flight *flight, const struct flying_row *rows, size_t count)
{
	flight->flyers = arena_array(&flight->arena, count, sizeof *flight->flyers);
	if (!flight->flyers)
		return ERR_BUDGET;
	flight->count = flight->room = count;
	for (size_t i = 0; i < count; i++) {
		flight->flyers[i] = (struct flyer){rows[i], true};
		if (!uuid_map_put(&flight->index, &rows[i].id, (uint32_t)i))
			return ERR_NO_MEMORY;
	}
	flight->loaded = true;
	return ERR_OK;
}

enum error flight_load(struct flight *flight, struct conn *conn, const struct uuid *workspace,
	const struct catalog *catalog)
{
	const struct contract_version *contract = catalog_contract_active(catalog);
	const struct str *statuses;
	struct flying_row *rows;
	size_t status_count, count;
	enum error error;

	forget(flight);
	if (!contract || contract->limit_count == 0)
		return ERR_OK;
	error = active_statuses(catalog, &flight->arena, &statuses, &status_count);
	if (!error)
		error = items_in_flight(
			conn, workspace, statuses, status_count, &flight->arena, &rows, &count);
	return error ? error : take_rows(flight, rows, count);
}

size_t flight_mark(const struct flight *flight)
{
	return flight->undo_count;
}

void flight_back(struct flight *flight, size_t mark)
{
	while (flight->undo_count > mark) {
		const struct flight_undo *undo = &flight->undo[--flight->undo_count];

		flight->flyers[undo->at] = undo->before;
	}
}

/* Room for one more; what was there is left to the arena. */
static bool make_room(struct arena *arena, void **list, size_t size, size_t count, size_t *room)
{
	size_t more = *room ? 2 * *room : 16;
	void *grown;

	if (count < *room)
		return true;
	grown = arena_array(arena, more, size);
	if (!grown)
		return false;
	if (count > 0)
		memcpy(grown, *list, count * size);
	*list = grown;
	*room = more;
	return true;
}

static uint32_t flyer_of(struct flight *flight, const struct uuid *id)
{
	uint32_t at = uuid_map_get(&flight->index, id);
	void *flyers = flight->flyers;

	if (at != MAP_NONE)
		return at;
	if (!make_room(
		    &flight->arena, &flyers, sizeof *flight->flyers, flight->count, &flight->room))
		return MAP_NONE;
	flight->flyers = flyers;
	if (!uuid_map_put(&flight->index, id, (uint32_t)flight->count))
		return MAP_NONE;
	flight->flyers[flight->count] = (struct flyer){.row = {.id = *id}};
	return (uint32_t)flight->count++;
}

static enum error flight_move(struct flight *flight, const struct flyer *now)
{
	uint32_t at = flyer_of(flight, &now->row.id);
	void *undo = flight->undo;

	if (at == MAP_NONE || !make_room(&flight->arena, &undo, sizeof *flight->undo,
				      flight->undo_count, &flight->undo_room))
		return ERR_NO_MEMORY;
	flight->undo = undo;
	flight->undo[flight->undo_count++] = (struct flight_undo){at, flight->flyers[at]};
	flight->flyers[at] = *now;
	return ERR_OK;
}

/* ---- limits ---- */

static bool is_active(const struct catalog *catalog, struct str status)
{
	const struct status_definition *definition = catalog_status(catalog, status);

	return definition && definition->class == STATUS_ACTIVE;
}

static struct flyer flyer_from(const struct catalog *catalog, const struct item_record *record)
{
	const struct item *item = &record->item;

	return (struct flyer){
		.row = {.id = record->id,
			.source = record->source,
			.external_id = record->external_id,
			.stream = item->stream,
			.team = item->team,
			.assignee = item->assignee,
			.estimate = item->estimate},
		.flies = is_active(catalog, item->status),
	};
}

static struct str group_of(const struct contract_limit *limit, const struct flyer *flyer)
{
	switch (limit->per) {
	case WN_PER_TEAM: return flyer->row.team;
	case WN_PER_ASSIGNEE: return flyer->row.assignee;
	default: return STR("");
	}
}

/* Whether the limit counts it; one without a team or an assignee is in no group, and free. */
static bool counts(const struct contract_limit *limit, const struct flyer *flyer)
{
	return flyer->flies && group_of(limit, flyer).ptr &&
	       (!limit->stream.ptr || str_eq(limit->stream, flyer->row.stream));
}

static double weight_of(const struct contract_limit *limit, const struct flyer *flyer)
{
	if (!limit->by_estimate)
		return 1;
	return flyer->row.estimate > 0 ? flyer->row.estimate : 0;
}

/* Whether the change makes its group of this limit fuller. */
static bool burdens(
	const struct contract_limit *limit, const struct flyer *before, const struct flyer *after)
{
	if (!counts(limit, after))
		return false;
	if (!counts(limit, before) || !str_eq(group_of(limit, before), group_of(limit, after)))
		return true;
	return weight_of(limit, after) > weight_of(limit, before);
}

/* All others of the group, and their names. */
static double load_of(const struct flight *flight, const struct contract_limit *limit,
	const struct flyer *flyer, struct buf *names)
{
	struct str group = group_of(limit, flyer);
	size_t found = 0;
	double load = 0;

	for (size_t i = 0; i < flight->count; i++) {
		const struct flyer *other = &flight->flyers[i];

		if (!counts(limit, other) || !str_eq(group_of(limit, other), group) ||
			uuid_cmp(&other->row.id, &flyer->row.id) == 0)
			continue;
		load += weight_of(limit, other);
		if (found++ < NAMED_MAX)
			buf_printf(names, "%s%.*s/%.*s", found > 1 ? ", " : "",
				STR_ARG(other->row.source), STR_ARG(other->row.external_id));
	}
	if (found > NAMED_MAX)
		buf_printf(names, " and %zu more", found - NAMED_MAX);
	return load;
}

/* To those who may read the items; and not whose they are to those who may not see assignees. */
static bool may_name(const struct guard *guard, const struct contract_limit *limit)
{
	bool hidden =
		limit->per == WN_PER_ASSIGNEE && guard->catalog->sensitive_fields & ITEM_ASSIGNEE;

	return guard->roles & ROLES_READ && (!hidden || roles_see_sensitive(guard->roles));
}

/* "The limit "bugs" allows 2 items in flight in the stream incident; in flight are a/1, a/2." A person is
 * not named: who asks knows who the item's assignee is. */
static void tell_limit(const struct guard *guard, const struct contract_limit *limit,
	const struct flyer *flyer, const struct buf *names, struct diag *diag)
{
	static const char *const of[] = {[WN_PER_WORKSPACE] = "",
		[WN_PER_STREAM] = "",
		[WN_PER_TEAM] = " of the team ",
		[WN_PER_ASSIGNEE] = " of one assignee"};
	struct str team = limit->per == WN_PER_TEAM ? flyer->row.team : STR("");
	struct str stream = limit->stream.ptr ? limit->stream : STR("");
	bool named = may_name(guard, limit);

	diag_add(diag, diag_key(diag, guard->pointer, "status"),
		"The limit \"%.*s\" allows %g %s in flight%s%.*s%s%.*s%s%s.", STR_ARG(limit->id),
		limit->at_most, limit->by_estimate ? "days" : "items", of[limit->per],
		STR_ARG(team), limit->stream.ptr ? " in the stream " : "", STR_ARG(stream),
		named ? "; in flight are: " : "",
		!named                             ? ""
		: names->len > 0 && !names->failed ? names->data
						   : "none");
}

static bool judge_limit(const struct guard *guard, const struct contract_limit *limit,
	const struct flyer *before, const struct flyer *after, struct diag *diag)
{
	struct buf names = BUF_INIT;
	bool fits = true;

	if (burdens(limit, before, after)) {
		double load = load_of(guard->flight, limit, after, &names);

		fits = wn_fits(load, weight_of(limit, after), limit->at_most);
		if (!fits)
			tell_limit(guard, limit, after, &names, diag);
	}
	buf_release(&names);
	return fits;
}

/* True when all that is enforced holds. */
static bool judge_limits(const struct guard *guard, const struct contract_version *contract,
	const struct flyer *before, const struct flyer *after, struct diag *faults,
	struct diag *warnings)
{
	bool ok = true;

	for (size_t i = 0; i < contract->limit_count; i++) {
		const struct contract_limit *limit = &contract->limits[i];
		bool warn = limit->warn || guard->mirrored;

		ok &= judge_limit(guard, limit, before, after, warn ? warnings : faults) || warn;
	}
	return ok;
}

/* ---- gates ---- */

/* The item as the predicates see it. */
struct asked {
	struct population *population;
	uint32_t *symbols; /* of the contract's words */
};

static uint32_t present_of(const struct item *item)
{
	return (item->title.ptr ? ITEM_TITLE : 0) | (item->body.ptr ? ITEM_BODY : 0) |
	       (item->url.ptr ? ITEM_URL : 0) | (item->assignee.ptr ? ITEM_ASSIGNEE : 0) |
	       (item->reporter.ptr ? ITEM_REPORTER : 0);
}

static enum error ask(const struct guard *guard, const struct contract_version *contract,
	const struct item_record *record, struct asked *out)
{
	struct population_item item;
	struct word_lookup words;

	out->population = population_new(guard->catalog);
	if (!out->population)
		return ERR_NO_MEMORY;
	if (!population_item_of(
		    record, present_of(&record->item), guard->catalog, guard->scratch, &item) ||
		!population_add(out->population, &item) || !population_finish(out->population))
		return ERR_NO_MEMORY;
	words = population_words(out->population);
	out->symbols = arena_array(guard->scratch, contract->word_count, sizeof *out->symbols);
	if (!out->symbols)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < contract->word_count; i++)
		out->symbols[i] = words.symbol(words.self, contract->words[i]);
	return ERR_OK;
}

static enum error is_met(const struct guard *guard, const struct asked *asked,
	const struct contract_gate *gate, bool *out)
{
	const struct wn_population *population = population_rows(asked->population);
	const struct wn_test *tests;
	uint64_t hits = 0;

	if (!predicate_bind(gate->requires.tests, gate->requires.count, guard->catalog,
		    asked->symbols, guard->scratch, &tests))
		return ERR_NO_MEMORY;
	wn_predicate_rows(tests, gate->requires.count, &population->blocks[0], guard->now_s, &hits);
	*out = hits & 1;
	return ERR_OK;
}

static void tell_gate(
	const struct guard *guard, const struct contract_gate *gate, struct diag *diag)
{
	const char *moment = gate->guards == STATUS_ACTIVE ? "ready" : "done";
	const char *pointer = diag_key(diag, guard->pointer, "status");

	if (gate->reason.ptr)
		diag_add(diag, pointer,
			"The gate \"%.*s\" of \"%s\" in the stream %.*s is not met: %.*s",
			STR_ARG(gate->id), moment, STR_ARG(gate->stream), STR_ARG(gate->reason));
	else
		diag_add(diag, pointer,
			"The field \"%.*s\" is missing: \"%s\" in the stream %.*s requires it.",
			STR_ARG(gate->id), moment, STR_ARG(gate->stream));
}

static bool guards(const struct guard *guard, const struct contract_gate *gate,
	const struct item_record *record)
{
	return record && contract_gate_guards(gate, guard->catalog, record->item.stream,
				 record->item.kind, record->item.status);
}

static enum error judge_gates(const struct guard *guard, const struct contract_version *contract,
	const struct item_record *after, struct diag *faults, struct diag *warnings, bool *ok)
{
	struct asked asked = {0};
	enum error error = ERR_OK;

	for (size_t i = 0; i < contract->gate_count && !error; i++) {
		const struct contract_gate *gate = &contract->gates[i];
		bool met = true, warn = gate->warn || guard->mirrored;

		if (!guards(guard, gate, after) || guards(guard, gate, guard->stored))
			continue;
		if (!asked.population)
			error = ask(guard, contract, after, &asked);
		if (!error)
			error = is_met(guard, &asked, gate, &met);
		if (error || met)
			continue;
		tell_gate(guard, gate, warn ? warnings : faults);
		*ok &= warn;
	}
	population_free(asked.population);
	arena_release(guard->scratch);
	return error;
}

/* ---- both ---- */

enum error guard_judge(const struct guard *guard, const struct item_record *before,
	const struct item_record *after, struct diag *faults, struct diag *warnings)
{
	const struct contract_version *contract = catalog_contract_active(guard->catalog);
	struct flyer was = {0}, is;
	bool gates = true, limits = true;
	enum error error;

	if (!contract)
		return ERR_OK;
	error = judge_gates(guard, contract, after, faults, warnings, &gates);
	if (error || !guard->flight->loaded)
		return error ? error : gates ? ERR_OK : ERR_GATE;
	is = flyer_from(guard->catalog, after);
	if (before)
		was = flyer_from(guard->catalog, before);
	limits = judge_limits(guard, contract, &was, &is, faults, warnings);
	if (!gates)
		return ERR_GATE;
	if (!limits)
		return ERR_WIP_LIMIT;
	return was.flies || is.flies ? flight_move(guard->flight, &is) : ERR_OK;
}
