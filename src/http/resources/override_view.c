/*
 * Overrides as JSON: what was decided, and what the newest ranking made of it.
 */
#include "http/resources/override_view.h"

#include "codec/catalog.h"
#include "codec/item.h"
#include "http/resources/veil.h"
#include "service/overrides.h"

/* ---- names of items ---- */

static bool has_target(const struct override_row *override)
{
	return override_kind_index(override->kind) == WN_OVERRIDE_BEFORE;
}

static bool is_known(const struct ranking *ranking, const struct uuid *id)
{
	return ranking && ranking_find(ranking, id) != WN_ROW_NONE;
}

enum error item_names_of(const struct call *call, const struct ranking *ranking,
	const struct uuid *ids, size_t count, struct item_names *out)
{
	struct uuid *wanted = arena_array(call->arena, count, sizeof *wanted);
	size_t missing = 0;
	enum error error;

	*out = (struct item_names){.places = {0}};
	if (!wanted)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++) {
		if (!is_known(ranking, &ids[i]))
			wanted[missing++] = ids[i];
	}
	if (missing == 0)
		return ERR_OK;
	error = items_get(call, wanted, missing, &out->list);
	for (size_t i = 0; !error && i < out->list.count; i++) {
		if (!uuid_map_put(&out->places, &out->list.records[i].id, (uint32_t)i))
			error = ERR_NO_MEMORY;
	}
	return error;
}

enum error item_names_load(const struct call *call, const struct ranking *ranking,
	const struct override_row *overrides, size_t count, struct item_names *out)
{
	struct uuid *ids = arena_array(call->arena, 2 * count, sizeof *ids);
	size_t wanted = 0;

	*out = (struct item_names){.places = {0}};
	if (!ids)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++) {
		ids[wanted++] = overrides[i].item;
		if (has_target(&overrides[i]))
			ids[wanted++] = overrides[i].target;
	}
	return item_names_of(call, ranking, ids, wanted, out);
}

void item_names_release(struct item_names *names)
{
	catalog_unref(names->list.catalog);
	uuid_map_release(&names->places);
}

static void write_name(
	struct json_writer *json, struct str source, struct str external_id, struct str title)
{
	json_put(json, "source", str, source);
	json_put(json, "external_id", str, external_id);
	if (title.ptr)
		json_put(json, "title", str, title);
}

static void write_row(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	json_object_begin(json);
	json_put(json, "id", uuid, &ranking_facts(ranking, row)->id);
	write_name(json, ranking_text(ranking, row, ROW_SOURCE),
		ranking_text(ranking, row, ROW_EXTERNAL_ID),
		veil_hides_field(json, ranking, ITEM_TITLE)
			? STR_NONE
			: ranking_text(ranking, row, ROW_TITLE));
	json_object_end(json);
}

void item_name_write(struct json_writer *json, const struct ranking *ranking,
	const struct item_names *names, const struct uuid *id)
{
	uint32_t row = ranking ? ranking_find(ranking, id) : WN_ROW_NONE;
	uint32_t place = names ? uuid_map_get(&names->places, id) : MAP_NONE;

	if (row != WN_ROW_NONE) {
		write_row(json, ranking, row);
		return;
	}
	json_object_begin(json);
	json_put(json, "id", uuid, id);
	if (place != MAP_NONE) {
		const struct item_list *list = &names->list;
		const struct item_record *item = &list->records[place];
		uint32_t hidden = json->veil ? json->veil->fields : list->catalog->sensitive_fields;

		write_name(json, item->source, item->external_id,
			hidden & ITEM_TITLE ? STR_NONE : item->item.title);
	}
	json_object_end(json);
}

/* ---- effect ---- */

size_t override_find(const struct ranking *ranking, const struct override_row *override)
{
	const struct override_set *set = ranking->overrides;
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = override_by_age(&set->rows[middle], override);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return set->count;
}

static void write_rule(struct json_writer *json, const struct ranking *ranking, uint32_t index)
{
	const struct policy_rule *rule = &ranking->policy->rules[index];

	json_key(json, "rule");
	json_object_begin(json);
	json_put(json, "id", str, rule->id);
	json_put(json, "reason", str, rule->reason);
	json_object_end(json);
}

static void write_by(
	struct json_writer *json, const struct ranking *ranking, const struct wn_fate_of *fate)
{
	bool nobody = fate->fate == WN_APPLIED || fate->fate == WN_WITHOUT_EFFECT;

	json_key(json, "by");
	/* Only a decision without a policy can have a tier that no rule gave. */
	if (nobody || (fate->fate == WN_DEFEATED_BY_RULE && fate->by == WN_ROW_NONE)) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	if (fate->fate == WN_DEFEATED_BY_RULE) {
		write_rule(json, ranking, fate->by);
	} else if (fate->fate == WN_DEFEATED_BY_OVERRIDE) {
		json_put(json, "override", uuid, &ranking->overrides->rows[fate->by].id);
	} else {
		json_key(json, "item");
		write_row(json, ranking, fate->by);
	}
	json_object_end(json);
}

const char *override_fate_name(enum wn_fate fate)
{
	static const char *const names[] = {
		[WN_APPLIED] = "applied",
		[WN_DEFEATED_BY_RULE] = "defeated",
		[WN_DEFEATED_BY_BLOCKER] = "defeated",
		[WN_DEFEATED_BY_OVERRIDE] = "defeated",
		[WN_WITHOUT_EFFECT] = "without_effect",
	};

	return names[fate];
}

static void write_fate(
	struct json_writer *json, const struct ranking *ranking, const struct wn_fate_of *fate)
{
	json_object_begin(json);
	json_put(json, "ranking", text, ranking->id);
	json_put(json, "fate", text, override_fate_name(fate->fate));
	write_by(json, ranking, fate);
	json_object_end(json);
}

void override_write_effect(struct json_writer *json, const struct ranking *ranking, size_t index)
{
	write_fate(json, ranking, &ranking->decision.fates[index]);
}

/* In force at the ranking's revision and time: not before, and not after. */
static bool was_in_force(const struct ranking *ranking, const struct override_row *override)
{
	bool ended = override->ended_revision > 0 && override->ended_revision <= ranking->revision;

	return override->revision <= ranking->revision && !ended &&
	       override->expires_us > ranking->as_of_us;
}

static void write_effect(struct json_writer *json, const struct override_shown *shown)
{
	/* Of an item or a band that the ranking does not know. */
	static const struct wn_fate_of nothing = {.fate = WN_WITHOUT_EFFECT};
	const struct ranking *ranking = shown->ranking;
	size_t index;

	json_key(json, "effect");
	/* What becomes of it depends on scores. */
	if (!ranking || !was_in_force(ranking, shown->override) || veil_hides(json, ranking)) {
		json_nil(json);
		return;
	}
	index = override_find(ranking, shown->override);
	if (index < ranking->overrides->count)
		override_write_effect(json, ranking, index);
	else
		write_fate(json, ranking, &nothing);
}

/* ---- the override ---- */

static void write_decision(struct json_writer *json, const struct override_shown *shown)
{
	const struct override_row *override = shown->override;

	json_put(json, "kind", str, override->kind);
	switch (override_kind_index(override->kind)) {
	case WN_OVERRIDE_PIN: json_put(json, "rank", int, override->rank); break;
	case WN_OVERRIDE_BOOST: json_put(json, "delta", number, override->delta); break;
	case WN_OVERRIDE_BAND: json_put(json, "band", str, override->band); break;
	case WN_OVERRIDE_BEFORE:
		json_key(json, "before");
		item_name_write(json, shown->ranking, shown->names, &override->target);
		break;
	default: break;
	}
}

static void write_author(struct json_writer *json, const struct override_shown *shown)
{
	const struct override_row *override = shown->override;

	json_put(json, "author", str, override->author);
	if (override->author_team.ptr)
		json_put(json, "team", str, override->author_team);
	if (!shown->texts)
		return;
	json_put(json, "justification", str, override->justification);
	if (override->link.ptr)
		json_put(json, "link", str, override->link);
}

/* Where the item stood when it was made. */
static void write_before(struct json_writer *json, const struct override_row *override)
{
	json_put(json, "model_version", int, override->model_version);
	json_key(json, "rank_before");
	if (override->rank_before > 0)
		json_int(json, override->rank_before);
	else
		json_nil(json);
	json_put(json, "band_before", str, override->band_before);
}

static void write_end(struct json_writer *json, const struct override_shown *shown)
{
	const struct override_row *override = shown->override;

	json_put(json, "expires_at", time, override->expires_us);
	json_put(json, "state", text,
		override_state_name(override_state_of(override, shown->now_us)));
	if (override->ended_revision == 0)
		return;
	json_put(json, "ended_at", time, override->ended_us);
	json_put(json, "ended_revision", int, override->ended_revision);
	json_put(json, "ended_by", str, override->ended_by);
}

void override_write(struct json_writer *json, const struct override_shown *shown)
{
	const struct override_row *override = shown->override;

	json_object_begin(json);
	json_put(json, "id", uuid, &override->id);
	json_key(json, "item");
	item_name_write(json, shown->ranking, shown->names, &override->item);
	write_decision(json, shown);
	write_author(json, shown);
	json_put(json, "made_at", time, override->made_us);
	json_put(json, "made_revision", int, override->revision);
	write_before(json, override);
	write_end(json, shown);
	write_effect(json, shown);
	json_object_end(json);
}
