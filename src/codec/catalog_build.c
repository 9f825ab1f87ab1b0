/*
 * Building a catalogue from the document rows of a workspace, kind by kind: what each needs of the
 * others is there when its turn comes.
 *
 * A stored document was checked when it was written, so a fault here means damage (or a newer
 * daemon's document): the build fails as a whole rather than leave something out.
 */
#include "codec/catalog_build.h"

#include <stdlib.h>

#include "base/num.h"
#include "codec/catalog_policy.h"
#include "codec/json.h"

enum { ARENA_BUDGET_BYTES = 1 << 30 };

static int compare_documents(const void *a, const void *b)
{
	const struct document *left = *(const struct document *const *)a;
	const struct document *right = *(const struct document *const *)b;
	int order = str_cmp(left->kind, right->kind);

	if (order == 0)
		order = str_cmp(left->name, right->name);
	if (order == 0)
		order = (left->revision > right->revision) - (left->revision < right->revision);
	return order;
}

bool build_is_newest(const struct build *build, size_t i, size_t end)
{
	return i + 1 == end || !str_eq(build->documents[i]->name, build->documents[i + 1]->name);
}

size_t build_newest_count(const struct build *build, size_t begin, size_t end)
{
	size_t count = 0;

	for (size_t i = begin; i < end; i++)
		count += build_is_newest(build, i, end);
	return count;
}

enum error build_newest(struct build *build, size_t begin, size_t end, struct newest *newest)
{
	size_t names = build_newest_count(build, begin, end), filled = 0;
	char *list = arena_array(&build->catalog->arena, names, newest->size);

	if (!list)
		return ERR_NO_MEMORY;
	for (size_t i = begin; i < end; i++) {
		bool deleted = false;
		enum error err;

		if (!build_is_newest(build, i, end))
			continue;
		err = newest->read(
			build, build->documents[i], list + filled * newest->size, &deleted);
		if (err)
			return err;
		filled += !deleted;
	}
	newest->list = list;
	newest->count = filled;
	return ERR_OK;
}

bool build_keep(struct build *build, struct str text, struct str *out)
{
	char *copy = arena_strdup(&build->catalog->arena, text);

	*out = (struct str){copy, text.len};
	return copy != NULL;
}

/* Ends the one document that scratch and diag were for, and begins another. */
enum error build_open(struct build *build, const struct document *document, json_t **json)
{
	enum error err;

	arena_release(&build->scratch);
	diag_init(&build->diag, &build->scratch);
	err = json_parse(document->body, 1, "", &build->diag, json);
	return err == ERR_OK || err == ERR_NO_MEMORY ? err : ERR_INTERNAL;
}

enum error build_verdict(const struct build *build, bool ok)
{
	if (ok)
		return ERR_OK;
	return build->diag.count > 0 ? ERR_INTERNAL : ERR_NO_MEMORY;
}

/* A version is written once and never again; versions have no holes. */
enum error build_sort_versions(
	const struct build *build, size_t begin, size_t end, const struct document **by_version)
{
	for (size_t i = begin; i < end; i++) {
		const struct document *document = build->documents[i];
		uint64_t version;

		if (!num_parse_u64(document->name, &version) || version < 1 ||
			version > end - begin || by_version[version - 1])
			return ERR_INTERNAL;
		by_version[version - 1] = document;
	}
	return ERR_OK;
}

enum error build_numbered(struct build *build, size_t begin, size_t end, struct numbered *numbered)
{
	struct arena *arena = &build->catalog->arena;
	size_t count = end - begin;
	char *list = arena_array(arena, count, numbered->size);
	const struct document **by_version =
		arena_array(arena, count, sizeof(const struct document *));
	enum error err = list && by_version ? build_sort_versions(build, begin, end, by_version)
					    : ERR_NO_MEMORY;

	for (size_t i = 0; i < count && !err; i++)
		err = numbered->read(
			build, by_version[i], (int64_t)i + 1, list + i * numbered->size);
	if (err)
		return err;
	numbered->list = list;
	numbered->count = count;
	return ERR_OK;
}

static enum error read_feature(
	struct build *build, const struct document *document, struct feature_definition *out)
{
	json_t *json = NULL;
	int64_t id = -1;
	enum error err = build_open(build, document, &json);
	bool ok;

	if (err)
		return err;
	ok = feature_definition_read(json, &build->catalog->arena, &build->diag, out, &id);
	json_decref(json);
	err = build_verdict(build, ok);
	if (err)
		return err;
	if (id < 0)
		return ERR_INTERNAL;
	out->id = (uint16_t)id;
	out->revision = document->revision;
	return build_keep(build, document->name, &out->name) ? ERR_OK : ERR_NO_MEMORY;
}

/* Ids are columns: each feature has one, and there are no holes. */
static enum error place_newest(struct build *build)
{
	struct catalog *catalog = build->catalog;
	struct feature_definition *features;
	size_t placed = 0;

	features = arena_array(&catalog->arena, catalog->feature_count, sizeof *features);
	if (!features)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < build->version_count; i++) {
		const struct feature_definition *version = &build->versions[i];
		struct feature_definition *place;

		if (version->id >= catalog->feature_count)
			return ERR_INTERNAL;
		place = &features[version->id];
		if (place->name.ptr && !str_eq(place->name, version->name))
			return ERR_INTERNAL;
		if (!place->name.ptr) {
			placed++;
			if (!str_map_put(&catalog->feature_ids, version->name, version->id))
				return ERR_NO_MEMORY;
		}
		*place = *version;
	}
	catalog->features = build->newest = features;
	for (size_t i = 0; i < catalog->feature_count; i++)
		catalog->has_sensitive |= features[i].sensitive;
	return placed == catalog->feature_count ? ERR_OK : ERR_INTERNAL;
}

static enum error build_features(struct build *build, size_t begin, size_t end)
{
	struct feature_definition *versions;

	versions = arena_array(&build->catalog->arena, end - begin, sizeof *versions);
	if (!versions)
		return ERR_NO_MEMORY;
	for (size_t i = begin; i < end; i++) {
		enum error err = read_feature(build, build->documents[i], &versions[i - begin]);

		if (err)
			return err;
	}
	build->versions = versions;
	build->version_count = end - begin;
	build->catalog->feature_count = build_newest_count(build, begin, end);
	return place_newest(build);
}

static enum error build_settings(struct build *build, size_t begin, size_t end)
{
	struct catalog *catalog = build->catalog;
	const struct document *newest = build->documents[end - 1];
	struct vocabulary words;
	json_t *json = NULL;
	enum error err;
	bool ok;

	if (build_newest_count(build, begin, end) != 1 || !str_is(newest->name, "workspace"))
		return ERR_INTERNAL;
	err = build_open(build, newest, &json);
	if (err)
		return err;
	ok = settings_read(json, &catalog->arena, &build->diag, &words);
	json_decref(json);
	err = build_verdict(build, ok);
	if (err)
		return err;
	catalog->streams = words.streams;
	catalog->stream_count = words.stream_count;
	catalog->kinds = words.kinds;
	catalog->kind_count = words.kind_count;
	catalog->statuses = words.statuses;
	catalog->status_count = words.status_count;
	catalog->override_max_days = words.override_max_days;
	catalog->sensitive_fields = words.sensitive_fields;
	catalog->access_log = words.access_log;
	catalog->review = words.review;
	catalog->sprint_days = words.sprint_days;
	catalog->sprint_start_s = words.sprint_start_s;
	catalog->finding_events = words.finding_events;
	catalog->settings_revision = newest->revision;
	return build_keep(build, newest->body, &catalog->settings_body) ? ERR_OK : ERR_NO_MEMORY;
}

static enum error read_mapping(
	struct build *build, const struct document *document, void *into, bool *deleted)
{
	struct mapping *out = into;
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);
	bool is_object = json_is_object(json);

	(void)deleted;
	if (err)
		return err;
	json_decref(json);
	if (!is_object)
		return ERR_INTERNAL;
	out->revision = document->revision;
	if (!build_keep(build, document->name, &out->format) ||
		!build_keep(build, document->body, &out->body))
		return ERR_NO_MEMORY;
	return ERR_OK;
}

static enum error build_mappings(struct build *build, size_t begin, size_t end)
{
	struct newest newest = {.size = sizeof(struct mapping), .read = read_mapping};
	enum error err = build_newest(build, begin, end, &newest);

	build->catalog->mappings = newest.list;
	build->catalog->mapping_count = newest.count;
	return err;
}

static enum error read_calendar(
	struct build *build, const struct document *document, void *into, bool *deleted)
{
	struct calendar *out = into;
	json_t *json = NULL;
	enum error err;
	bool ok = true;

	*deleted = document->body.len == 0;
	if (*deleted)
		return ERR_OK;
	err = build_open(build, document, &json);
	if (err)
		return err;
	*deleted = calendar_is_deleted(json);
	if (!*deleted)
		ok = calendar_read(json, &build->catalog->arena, &build->diag, out);
	json_decref(json);
	err = build_verdict(build, ok);
	if (err || *deleted)
		return err;
	out->revision = document->revision;
	if (!build_keep(build, document->name, &out->name) ||
		!build_keep(build, document->body, &out->body))
		return ERR_NO_MEMORY;
	return ERR_OK;
}

static enum error build_calendars(struct build *build, size_t begin, size_t end)
{
	struct newest newest = {.size = sizeof(struct calendar), .read = read_calendar};
	enum error err = build_newest(build, begin, end, &newest);

	build->catalog->calendars = newest.list;
	build->catalog->calendar_count = newest.count;
	return err;
}

/* In the order in which they need each other: models read features, policies name calendars, aliases
 * name either. */
static const struct document_kind {
	const char *name;
	enum error (*build)(struct build *build, size_t begin, size_t end);
} document_kinds[] = {
	{"settings", build_settings},
	{"feature", build_features},
	{"model", build_models},
	{"model_card", build_model_cards},
	{"alias", build_aliases},
	{"calendar", build_calendars},
	{"business_hours", build_business_hours},
	{"slas", build_slas},
	{"policy", build_policies},
	{"policy_card", build_policy_cards},
	{"policy_alias", build_policy_aliases},
	{"mapping", build_mappings},
	{"suspension", build_suspension},
	{"approval_rules", build_approval},
	{"contract", build_contracts},
	{"contract_alias", build_contract_aliases},
	{"launch", build_launches},
	{"recurrence", build_recurrences},
};

/* Who reads the features is known last. */
static void mark_rules(struct build *build)
{
	for (size_t i = 0; build->newest && i < build->catalog->feature_count; i++)
		build->newest[i].in_rules = catalog_rules_read(build->catalog, (uint32_t)i);
}

static enum error build_all(struct build *build, size_t count)
{
	size_t used = 0;

	for (size_t k = 0; k < sizeof document_kinds / sizeof document_kinds[0]; k++) {
		size_t begin = 0, end;
		enum error err;

		while (begin < count &&
			!str_is(build->documents[begin]->kind, document_kinds[k].name))
			begin++;
		end = begin;
		while (end < count && str_is(build->documents[end]->kind, document_kinds[k].name))
			end++;
		if (begin == end)
			continue;
		err = document_kinds[k].build(build, begin, end);
		if (err)
			return err;
		used += end - begin;
	}
	mark_rules(build);
	return used == count ? ERR_OK : ERR_INTERNAL;
}

enum error catalog_build(const struct document *documents, size_t count, struct catalog **out)
{
	struct build build = {0};
	enum error err = ERR_NO_MEMORY;

	*out = NULL;
	arena_init(&build.scratch, ARENA_BUDGET_BYTES);
	build.catalog = calloc(1, sizeof *build.catalog);
	build.documents = calloc(count + 1, sizeof(const struct document *));
	if (!build.catalog || !build.documents)
		goto out;
	arena_init(&build.catalog->arena, ARENA_BUDGET_BYTES);
	build.catalog->references = 1;
	build.catalog->override_max_days = SETTINGS_OVERRIDE_DAYS;
	build.catalog->sprint_days = SETTINGS_SPRINT_DAYS;
	build.catalog->sprint_start_s = SETTINGS_SPRINT_START_S;
	for (size_t i = 0; i < count; i++) {
		build.documents[i] = &documents[i];
		build.catalog->document_bytes += DOCUMENT_ROW_BYTES + documents[i].body.len;
		if (documents[i].revision > build.catalog->revision)
			build.catalog->revision = documents[i].revision;
	}
	qsort(build.documents, count, sizeof(const struct document *), compare_documents);
	err = build_all(&build, count);
	if (err)
		goto out;
	*out = build.catalog;
	build.catalog = NULL;
out:
	catalog_unref(build.catalog);
	free(build.documents);
	arena_release(&build.scratch);
	return err;
}
