/*
 * Versions of models and policies, the names that stand for one of them, and the models' cards, from
 * their documents into the catalogue.
 */
#include "base/num.h"
#include "codec/catalog_build.h"
#include "codec/catalog_policy.h"
#include "codec/json.h"

static enum error read_model(
	struct build *build, const struct document *document, struct model_version *out)
{
	struct model_lookup lookup = {.catalog = build->catalog,
		.versions = build->versions,
		.version_count = build->version_count};
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);
	bool ok;

	if (err)
		return err;
	lookup.pins = json_object_get(json, "pins");
	ok = lookup.pins && model_read(json, &lookup, &build->catalog->arena, &build->diag, out);
	err = lookup.pins ? build_verdict(build, ok) : ERR_INTERNAL;
	json_decref(json);
	if (err)
		return err;
	out->revision = document->revision;
	return build_keep(build, document->body, &out->body) ? ERR_OK : ERR_NO_MEMORY;
}

/* In the order of the versions, since a blend is of versions before its own. */
enum error build_models(struct build *build, size_t begin, size_t end)
{
	struct catalog *catalog = build->catalog;
	size_t count = end - begin;
	const struct document **by_version;
	struct model_version *models;
	enum error err;

	models = arena_array(&catalog->arena, count, sizeof *models);
	by_version = arena_array(&catalog->arena, count, sizeof(const struct document *));
	if (!models || !by_version)
		return ERR_NO_MEMORY;
	err = build_sort_versions(build, begin, end, by_version);
	if (err)
		return err;
	catalog->models = models;
	for (size_t i = 0; i < count; i++) {
		err = read_model(build, by_version[i], &models[i]);
		if (err)
			return err;
		models[i].version = (int64_t)i + 1;
		catalog->table_combinations += table_ends(&models[i]);
		catalog->model_count = i + 1;
	}
	return ERR_OK;
}

/* Bodies were judged when they were written; a ranking reads none of them. */
static enum error build_cards(
	struct build *build, enum card_kind kind, size_t versions, size_t begin, size_t end)
{
	size_t count = build_newest_count(build, begin, end), filled = 0;
	struct version_card *cards = arena_array(&build->catalog->arena, count, sizeof *cards);

	if (!cards)
		return ERR_NO_MEMORY;
	for (size_t i = begin; i < end; i++) {
		const struct document *document = build->documents[i];
		uint64_t version;

		if (!build_is_newest(build, i, end))
			continue;
		if (!num_parse_u64(document->name, &version) || version > versions)
			return ERR_INTERNAL;
		cards[filled] =
			(struct version_card){(int64_t)version, document->revision, STR_NONE};
		if (!build_keep(build, document->body, &cards[filled++].body))
			return ERR_NO_MEMORY;
	}
	build->catalog->cards[kind] = (struct version_cards){cards, count};
	return ERR_OK;
}

enum error build_model_cards(struct build *build, size_t begin, size_t end)
{
	return build_cards(build, CARD_MODEL, build->catalog->model_count, begin, end);
}

enum error build_policy_cards(struct build *build, size_t begin, size_t end)
{
	return build_cards(build, CARD_POLICY, build->catalog->policy_count, begin, end);
}

static enum error read_alias(
	struct build *build, const struct document *document, void *into, bool *deleted)
{
	struct alias *out = into;
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);

	(void)deleted;
	if (err)
		return err;
	out->model = json_integer_value(json_object_get(json, "model"));
	json_decref(json);
	if (!catalog_model(build->catalog, out->model))
		return ERR_INTERNAL;
	out->revision = document->revision;
	return build_keep(build, document->name, &out->name) ? ERR_OK : ERR_NO_MEMORY;
}

enum error build_aliases(struct build *build, size_t begin, size_t end)
{
	struct newest newest = {.size = sizeof(struct alias), .read = read_alias};
	enum error err = build_newest(build, begin, end, &newest);

	build->catalog->aliases = newest.list;
	build->catalog->alias_count = newest.count;
	return err;
}

static enum error read_policy(
	struct build *build, const struct document *document, int64_t version, void *into)
{
	struct policy_version *out = into;
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);
	bool ok;

	if (err)
		return err;
	out->version = version;
	ok = policy_read(
		json, build->catalog, POLICY_STORED, &build->catalog->arena, &build->diag, out);
	json_decref(json);
	err = build_verdict(build, ok);
	if (err)
		return err;
	out->revision = document->revision;
	return build_keep(build, document->body, &out->body) ? ERR_OK : ERR_NO_MEMORY;
}

enum error build_policies(struct build *build, size_t begin, size_t end)
{
	struct numbered numbered = {.size = sizeof(struct policy_version), .read = read_policy};
	enum error err = build_numbered(build, begin, end, &numbered);

	build->catalog->policies = numbered.list;
	build->catalog->policy_count = numbered.count;
	return err;
}

static enum error read_policy_alias(
	struct build *build, const struct document *document, void *into, bool *deleted)
{
	struct policy_alias *out = into;
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);
	const json_t *policy = json_object_get(json, "policy");
	bool none = json_is_null(policy);

	(void)deleted;
	if (err)
		return err;
	out->policy = json_integer_value(policy);
	json_decref(json);
	if (!none && !catalog_policy(build->catalog, out->policy))
		return ERR_INTERNAL;
	out->revision = document->revision;
	return build_keep(build, document->name, &out->name) ? ERR_OK : ERR_NO_MEMORY;
}

enum error build_policy_aliases(struct build *build, size_t begin, size_t end)
{
	struct newest newest = {.size = sizeof(struct policy_alias), .read = read_policy_alias};
	enum error err = build_newest(build, begin, end, &newest);

	build->catalog->policy_aliases = newest.list;
	build->catalog->policy_alias_count = newest.count;
	return err;
}
