/*
 * Where an input meets what is stored. Two layers: what the source says, and what people patched
 * on top of it. An upsert writes the layer of the source, a patch the one on top, taking a patch
 * back uncovers the source's value again. What differs in neither layer is no change.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "codec/item_fields.h"

enum {
	/* Above this many links, repeats are found by sorting. */
	FEW_LINKS = 16,
};

void item_id_make(
	const struct uuid *workspace, struct str source, struct str external_id, struct uuid *out)
{
	char name[2 * ITEM_MAX_NAME + 1];

	*out = (struct uuid){{0}};
	if (source.len > ITEM_MAX_NAME || external_id.len > ITEM_MAX_NAME)
		return;
	if (source.len > 0)
		memcpy(name, source.ptr, source.len);
	name[source.len] = '\0';
	if (external_id.len > 0)
		memcpy(name + source.len + 1, external_id.ptr, external_id.len);
	uuid_derive(workspace, name, source.len + 1 + external_id.len, out);
}

/* ---- links ---- */

static int link_cmp(const struct item_link *a, const struct item_link *b)
{
	int order = str_cmp(a->external_id, b->external_id);

	return order ? order : str_cmp(a->source, b->source);
}

/* Equal links by where they stand, so that the first of them comes first. */
static int link_pointer_cmp(const void *a, const void *b)
{
	const struct item_link *left = *(const struct item_link *const *)a;
	const struct item_link *right = *(const struct item_link *const *)b;
	int order = link_cmp(left, right);

	return order ? order : (left > right) - (left < right);
}

static size_t drop_repeats_of_few(struct item_link *links, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		size_t before = 0;

		while (before < kept && !item_link_equal(&links[before], &links[i]))
			before++;
		if (before == kept)
			links[kept++] = links[i];
	}
	return kept;
}

static enum error drop_repeats(struct item_link *links, size_t *count, struct arena *arena)
{
	struct item_link **sorted;
	size_t kept = 0;

	if (*count <= FEW_LINKS) {
		*count = drop_repeats_of_few(links, *count);
		return ERR_OK;
	}
	sorted = arena_array(arena, *count, sizeof *sorted);
	if (!sorted)
		return item_out_of(arena, *count * sizeof *sorted);
	for (size_t i = 0; i < *count; i++)
		sorted[i] = &links[i];
	qsort(sorted, *count, sizeof *sorted, link_pointer_cmp);
	for (size_t i = 1, first = 0; i < *count; i++) {
		if (item_link_equal(sorted[first], sorted[i]))
			sorted[i]->external_id.ptr = NULL;
		else
			first = i;
	}
	for (size_t i = 0; i < *count; i++)
		if (links[i].external_id.ptr)
			links[kept++] = links[i];
	*count = kept;
	return ERR_OK;
}

/* Who the links of an input belong to, and where its faults go. */
struct owner {
	struct item_link self;
	const char *pointer;
	struct arena *arena;
	struct diag *diag;
};

/* A link without a source means the item's own. False for a link to the item itself. */
static bool resolve(const struct owner *owner, struct item_link *link)
{
	if (!link->source.ptr)
		link->source = owner->self.source;
	return !item_link_equal(link, &owner->self);
}

static enum error resolve_blockers(const struct owner *owner, struct item *item)
{
	size_t count = item->blocked_by_count;
	struct item_link *links = arena_array(owner->arena, count, sizeof *links);
	const char *list;
	bool good = true;
	enum error error;

	if (!links)
		return item_out_of(owner->arena, count * sizeof *links);
	for (size_t i = 0; i < count; i++) {
		links[i] = item->blocked_by[i];
		if (resolve(owner, &links[i]))
			continue;
		list = diag_key(owner->diag, owner->pointer, "blocked_by");
		diag_add(owner->diag, diag_index(owner->diag, list, i),
			"An item cannot be blocked by itself.");
		good = false;
	}
	if (!good)
		return ERR_INVALID;
	error = drop_repeats(links, &count, owner->arena);
	if (error)
		return error;
	item->blocked_by = count > 0 ? links : NULL;
	item->blocked_by_count = count;
	return ERR_OK;
}

/* What was given, with its links made whole. */
static enum error resolve_links(
	const struct owner *owner, const struct item_input *input, struct item *out)
{
	enum error error = ERR_OK;

	*out = input->item;
	if (out->blocked_by_count > 0)
		error = resolve_blockers(owner, out);
	if (error != ERR_OK && error != ERR_INVALID)
		return error;
	if (out->parent.external_id.ptr && !resolve(owner, &out->parent)) {
		diag_add(owner->diag, diag_key(owner->diag, owner->pointer, "parent"),
			"An item cannot be its own parent.");
		return ERR_INVALID;
	}
	return error;
}

/* ---- features ---- */

/* A merge of two lists, both ascending by id, into a third. */
struct feature_merge {
	struct feature_value *out;
	size_t count;
	int64_t revision;
	struct uuid by;
	struct arena *arena;
	bool changed;
	enum error error;
};

/* revision, by and arena are set. */
static bool merge_begin(struct feature_merge *merge, size_t most)
{
	merge->out = arena_array(merge->arena, most, sizeof *merge->out);
	if (!merge->out)
		merge->error = item_out_of(merge->arena, most * sizeof *merge->out);
	return merge->out != NULL;
}

static enum error merge_end(const struct feature_merge *merge, struct item *item, bool *changed)
{
	if (merge->error)
		return merge->error;
	item->features = merge->count > 0 ? merge->out : NULL;
	item->feature_count = merge->count;
	*changed |= merge->changed;
	return ERR_OK;
}

static void keep(struct feature_merge *merge, const struct feature_value *value)
{
	merge->out[merge->count++] = *value;
}

/* What is given, as a layer of its own. */
static struct feature_value layer(
	const struct feature_merge *merge, const struct feature_value *given)
{
	struct feature_value alone = *given;

	alone.revision = merge->revision;
	alone.by = given->evidence == EVIDENCE_ASSERTED ? merge->by : (struct uuid){{0}};
	alone.patched = false;
	alone.beneath = NULL;
	return alone;
}

static const struct feature_value *lay_beneath(
	struct feature_merge *merge, struct feature_value value)
{
	struct feature_value *beneath = arena_alloc(merge->arena, sizeof *beneath);

	if (!beneath) {
		merge->error = item_out_of(merge->arena, sizeof *beneath);
		return NULL;
	}
	*beneath = value;
	return beneath;
}

/* The source says `given` of a feature that is `stored` (NULL: not at all). */
static void upsert_feature(struct feature_merge *merge, const struct feature_value *stored,
	const struct feature_value *given)
{
	const struct feature_value *before = stored && stored->patched ? stored->beneath : stored;
	struct feature_value merged;

	if (given->cleared ? !before : before && feature_value_equal(before, given)) {
		if (stored)
			keep(merge, stored);
		return;
	}
	merge->changed = true;
	merged = layer(merge, given);
	if (!stored || !stored->patched) {
		if (!given->cleared)
			keep(merge, &merged);
		return;
	}
	keep(merge, stored);
	merge->out[merge->count - 1].beneath = given->cleared ? NULL : lay_beneath(merge, merged);
}

/* A person says it. */
static void patch_feature(struct feature_merge *merge, const struct feature_value *stored,
	const struct feature_value *given)
{
	struct feature_value merged = layer(merge, given);

	if (stored && stored->patched && feature_value_equal(stored, given)) {
		keep(merge, stored);
		return;
	}
	merge->changed = true;
	merged.patched = true;
	if (stored && stored->patched)
		merged.beneath = stored->beneath;
	else if (stored)
		merged.beneath = lay_beneath(merge, *stored);
	keep(merge, &merged);
}

typedef void feature_meeting(struct feature_merge *merge, const struct feature_value *stored,
	const struct feature_value *given);

/* merge begins as merge_begin wants it. */
static enum error merge_features(struct feature_merge *merge, struct item *stored,
	const struct item *given, feature_meeting *meet, bool *changed)
{
	size_t s = 0, g = 0;

	if (given->feature_count == 0)
		return ERR_OK;
	if (!merge_begin(merge, stored->feature_count + given->feature_count))
		return merge->error;
	while (s < stored->feature_count || g < given->feature_count) {
		const struct feature_value *old =
			s < stored->feature_count ? &stored->features[s] : NULL;
		const struct feature_value *new =
			g < given->feature_count ? &given->features[g] : NULL;

		if (!new || (old && old->id < new->id)) {
			keep(merge, old);
			s++;
		} else if (!old || new->id < old->id) {
			meet(merge, NULL, new);
			g++;
		} else {
			meet(merge, old, new);
			s++;
			g++;
		}
	}
	return merge_end(merge, stored, changed);
}

/* ---- upsert ---- */

static struct str default_of(
	const struct catalog *catalog, const struct item_field_spec *spec, struct arena *arena)
{
	struct str value = STR_NONE;

	if (spec->rule == ITEM_TEXT_KIND && catalog->kind_count > 0)
		value = catalog->kinds[0];
	for (size_t i = 0; spec->rule == ITEM_TEXT_STATUS && i < catalog->status_count; i++) {
		if (catalog->statuses[i].class != STATUS_TODO)
			continue;
		value = catalog->statuses[i].name;
		break;
	}
	/* The catalogue may go before the record does. */
	value.ptr = value.ptr ? arena_strdup(arena, value) : NULL;
	return value;
}

/* Writes one field of the source's layer. */
static enum error upsert_field(struct item_record *record, uint32_t bit,
	const struct item_field_spec *spec, const struct item *given, bool cleared,
	const struct catalog *catalog, struct arena *arena, bool *changed)
{
	struct item *source = record->patched & bit ? &record->beneath : &record->item;
	struct item before = *source;

	if (!cleared)
		item_field_copy(source, given, spec);
	else
		item_field_clear(source, spec);
	if (cleared && spec->defaulted) {
		struct str value = default_of(catalog, spec, arena);

		if (!value.ptr)
			return item_out_of(arena, ITEM_MAX_NAME);
		*item_text_at(source, spec) = value;
	}
	if (!item_field_equal(&before, source, spec))
		*changed = true;
	return ERR_OK;
}

static enum error upsert_fields(struct item_record *record, const struct item_input *input,
	const struct item *given, uint32_t cleared, const struct catalog *catalog,
	struct arena *arena, bool *changed)
{
	for (unsigned i = 0; i < ITEM_FIELD_COUNT; i++) {
		uint32_t bit = UINT32_C(1) << i;
		enum error error;

		if (!((input->given | cleared) & bit))
			continue;
		error = upsert_field(record, bit, &item_field_specs[i], given,
			!(input->given & bit), catalog, arena, changed);
		if (error)
			return error;
	}
	return ERR_OK;
}

static enum error begin_new(const struct item_input *input, const struct uuid *workspace,
	int64_t revision, const struct owner *owner, struct item_record *out)
{
	bool good = true;

	for (unsigned i = 0; i < ITEM_FIELD_COUNT; i++) {
		const struct item_field_spec *spec = &item_field_specs[i];

		if (!spec->required || input->given & UINT32_C(1) << i)
			continue;
		diag_add(owner->diag, diag_key(owner->diag, owner->pointer, spec->name),
			"A new item needs this field.");
		good = false;
	}
	if (!good)
		return ERR_INVALID;
	*out = (struct item_record){
		.first_revision = revision,
		.source = input->source,
		.external_id = input->external_id,
	};
	item_id_make(workspace, input->source, input->external_id, &out->id);
	item_clear(&out->item);
	item_clear(&out->beneath);
	return ERR_OK;
}

static enum error check_same_identity(
	const struct item_record *record, const struct item_input *input, const struct owner *owner)
{
	if ((!input->source.ptr || str_eq(input->source, record->source)) &&
		(!input->external_id.ptr || str_eq(input->external_id, record->external_id)))
		return ERR_OK;
	diag_add(owner->diag, diag_key(owner->diag, owner->pointer, "external_id"),
		"The id made of this source and external id belongs to another item.");
	return ERR_CONFLICT;
}

enum error item_upsert(const struct item_record *record, const struct item_input *input,
	const struct uuid *workspace, const struct catalog *catalog, int64_t revision,
	const char *pointer, struct arena *arena, struct diag *diag, struct item_record *out,
	bool *changed)
{
	struct owner owner = {
		.self.source = record ? record->source : input->source,
		.self.external_id = record ? record->external_id : input->external_id,
		.pointer = pointer,
		.arena = arena,
		.diag = diag,
	};
	struct feature_merge features = {.revision = revision, .by = input->by, .arena = arena};
	/* A new item's fields without a value get their default like cleared ones. */
	uint32_t cleared = input->cleared;
	struct item_record merged;
	struct item given;
	enum error error, links;

	*changed = !record;
	links = resolve_links(&owner, input, &given);
	if (links && links != ERR_INVALID)
		return links;
	if (record) {
		merged = *record;
		error = check_same_identity(record, input, &owner);
	} else {
		cleared |= ITEM_KIND | ITEM_STATUS;
		error = begin_new(input, workspace, revision, &owner, &merged);
	}
	if (!error)
		error = links;
	if (!error)
		error = upsert_fields(&merged, input, &given, cleared, catalog, arena, changed);
	if (!error)
		error = merge_features(&features, &merged.item, &given, upsert_feature, changed);
	if (error)
		return error;

	if (*changed) {
		merged.revision = revision;
		merged.recorded_us = TIME_NONE;
	}
	*out = merged;
	return ERR_OK;
}

/* ---- patch ---- */

static void patch_field(struct item_record *record, uint32_t bit,
	const struct item_field_spec *spec, const struct item *given, bool cleared, bool *changed)
{
	struct item wanted;

	item_clear(&wanted);
	if (!cleared)
		item_field_copy(&wanted, given, spec);
	if (!(record->patched & bit)) {
		item_field_copy(&record->beneath, &record->item, spec);
		record->patched |= bit;
		*changed = true;
	} else if (!item_field_equal(&record->item, &wanted, spec)) {
		*changed = true;
	}
	item_field_copy(&record->item, &wanted, spec);
}

static enum error check_patch(const struct item_input *input, const struct owner *owner)
{
	uint32_t touched = input->given | input->cleared;
	bool good = true;

	for (unsigned i = 0; i < ITEM_FIELD_COUNT; i++) {
		const struct item_field_spec *spec = &item_field_specs[i];
		uint32_t bit = UINT32_C(1) << i;
		const char *fault = NULL;

		if (touched & bit & ~(uint32_t)ITEM_PATCHABLE)
			fault = "Only the item's source can say this.";
		else if (input->cleared & bit && (spec->required || spec->defaulted))
			fault = "Every item has one: it cannot be null.";
		if (!fault)
			continue;
		diag_add(owner->diag, diag_key(owner->diag, "", spec->name), "%s", fault);
		good = false;
	}
	return good ? ERR_OK : ERR_INVALID;
}

enum error item_patch(const struct item_record *record, const struct item_input *input,
	int64_t revision, struct arena *arena, struct diag *diag, struct item_record *out,
	bool *changed)
{
	struct owner owner = {{record->source, record->external_id}, "", arena, diag};
	struct feature_merge features = {.revision = revision, .by = input->by, .arena = arena};
	struct item_record merged = *record;
	struct item given;
	enum error error;

	*changed = false;
	error = check_patch(input, &owner);
	if (!error)
		error = resolve_links(&owner, input, &given);
	if (error)
		return error;
	for (unsigned i = 0; i < ITEM_FIELD_COUNT; i++) {
		uint32_t bit = UINT32_C(1) << i;

		if ((input->given | input->cleared) & bit)
			patch_field(&merged, bit, &item_field_specs[i], &given,
				!(input->given & bit), changed);
	}
	error = merge_features(&features, &merged.item, &given, patch_feature, changed);
	if (error)
		return error;
	if (*changed) {
		merged.revision = revision;
		merged.recorded_us = TIME_NONE;
	}
	*out = merged;
	return ERR_OK;
}

static bool holds_id(const uint16_t *ids, size_t count, uint16_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

enum error item_unpatch(const struct item_record *record, bool all, uint32_t fields,
	const uint16_t *feature_ids, size_t feature_count, int64_t revision, struct arena *arena,
	struct item_record *out, bool *changed)
{
	uint32_t back = record->patched & (all ? (uint32_t)ITEM_ALL_FIELDS : fields);
	struct item_record merged = *record;
	const struct item *item = &record->item;
	struct feature_merge merge = {.revision = revision, .arena = arena};
	enum error error;

	*changed = back != 0;
	for (unsigned i = 0; i < ITEM_FIELD_COUNT; i++) {
		if (!(back & UINT32_C(1) << i))
			continue;
		item_field_copy(&merged.item, &merged.beneath, &item_field_specs[i]);
		item_field_clear(&merged.beneath, &item_field_specs[i]);
	}
	merged.patched &= ~back;

	if (!merge_begin(&merge, item->feature_count))
		return merge.error;
	for (size_t i = 0; i < item->feature_count; i++) {
		const struct feature_value *value = &item->features[i];

		if (!value->patched || !(all || holds_id(feature_ids, feature_count, value->id))) {
			keep(&merge, value);
			continue;
		}
		/* The source's value comes back with the revision at which the source set it. */
		merge.changed = true;
		if (value->beneath)
			keep(&merge, value->beneath);
	}
	error = merge_end(&merge, &merged.item, changed);
	if (error)
		return error;
	if (*changed) {
		merged.revision = revision;
		merged.recorded_us = TIME_NONE;
	}
	*out = merged;
	return ERR_OK;
}

/* ---- age ---- */

static struct str without_zeros(struct str digits)
{
	while (digits.len > 1 && digits.ptr[0] == '0') {
		digits.ptr++;
		digits.len--;
	}
	return digits;
}

static bool is_decimal(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	return text.len > 0;
}

static int sign_of(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* 0 also where two versions have no order that we know. */
static int version_order(struct str a, struct str b)
{
	int64_t a_us, b_us;

	if (is_decimal(a) && is_decimal(b)) {
		a = without_zeros(a);
		b = without_zeros(b);
		/* Of any length: more digits are more. */
		return a.len != b.len ? (a.len > b.len ? 1 : -1) : str_cmp(a, b);
	}
	if (time_parse_rfc3339(a, &a_us) && time_parse_rfc3339(b, &b_us))
		return sign_of(a_us, b_us);
	return 0;
}

int item_input_age(const struct item_record *record, const struct item_input *input)
{
	const struct item *item = &record->item;

	if (input->given & ITEM_SOURCE_VERSION && item->source_version.ptr)
		return version_order(input->item.source_version, item->source_version);
	if (input->given & ITEM_UPDATED_AT && item->updated_us != TIME_NONE)
		return sign_of(input->item.updated_us, item->updated_us);
	return 0;
}
