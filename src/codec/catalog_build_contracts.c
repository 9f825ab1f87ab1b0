/*
 * Contracts, their alias, launches and work that comes back, from stored documents into the catalogue.
 */
#include "codec/catalog_build.h"
#include "codec/catalog_contract.h"
#include "codec/recurrence.h"

static enum error read_contract(
	struct build *build, const struct document *document, struct contract_version *out)
{
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);
	bool ok;

	if (err)
		return err;
	ok = contract_read(json, build->catalog, true, &build->catalog->arena, &build->diag, out);
	json_decref(json);
	err = build_verdict(build, ok);
	if (err)
		return err;
	out->revision = document->revision;
	return build_keep(build, document->body, &out->body) ? ERR_OK : ERR_NO_MEMORY;
}

enum error build_contracts(struct build *build, size_t begin, size_t end)
{
	struct catalog *catalog = build->catalog;
	size_t count = end - begin;
	const struct document **by_version;
	struct contract_version *contracts;
	enum error err;

	contracts = arena_array(&catalog->arena, count, sizeof *contracts);
	by_version = arena_array(&catalog->arena, count, sizeof(const struct document *));
	if (!contracts || !by_version)
		return ERR_NO_MEMORY;
	err = build_sort_versions(build, begin, end, by_version);
	for (size_t i = 0; i < count && !err; i++) {
		contracts[i].version = (int64_t)i + 1;
		err = read_contract(build, by_version[i], &contracts[i]);
	}
	catalog->contracts = contracts;
	catalog->contract_count = count;
	return err;
}

static enum error read_contract_alias(
	struct build *build, const struct document *document, struct contract_alias *out)
{
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);
	const json_t *contract = json_object_get(json, "contract");
	bool none = json_is_null(contract);

	if (err)
		return err;
	out->contract = json_integer_value(contract);
	json_decref(json);
	if (!none && !catalog_contract(build->catalog, out->contract))
		return ERR_INTERNAL;
	out->revision = document->revision;
	return build_keep(build, document->name, &out->name) ? ERR_OK : ERR_NO_MEMORY;
}

enum error build_contract_aliases(struct build *build, size_t begin, size_t end)
{
	size_t count = build_newest_count(build, begin, end), filled = 0;
	struct contract_alias *aliases =
		arena_array(&build->catalog->arena, count, sizeof *aliases);

	if (!aliases)
		return ERR_NO_MEMORY;
	for (size_t i = begin; i < end; i++) {
		enum error err;

		if (!build_is_newest(build, i, end))
			continue;
		err = read_contract_alias(build, build->documents[i], &aliases[filled++]);
		if (err)
			return err;
	}
	build->catalog->contract_aliases = aliases;
	build->catalog->contract_alias_count = count;
	return ERR_OK;
}

static enum error read_launch(
	struct build *build, const struct document *document, struct launch *out, bool *deleted)
{
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);
	bool ok = true;

	if (err)
		return err;
	*deleted = calendar_is_deleted(json);
	if (!*deleted)
		ok = launch_read(
			json, build->catalog, true, &build->catalog->arena, &build->diag, out);
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

/* One that was deleted is as if it had never been. */
enum error build_launches(struct build *build, size_t begin, size_t end)
{
	size_t count = build_newest_count(build, begin, end), filled = 0;
	struct launch *launches = arena_array(&build->catalog->arena, count, sizeof *launches);

	if (!launches)
		return ERR_NO_MEMORY;
	for (size_t i = begin; i < end; i++) {
		bool deleted;
		enum error err;

		if (!build_is_newest(build, i, end))
			continue;
		err = read_launch(build, build->documents[i], &launches[filled], &deleted);
		if (err)
			return err;
		filled += !deleted;
	}
	build->catalog->launches = launches;
	build->catalog->launch_count = filled;
	return ERR_OK;
}

/* ---- work that comes back ---- */

static enum error read_recurrence(
	struct build *build, const struct document *document, struct recurrence *out, bool *deleted)
{
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);
	bool ok = true;

	if (err)
		return err;
	*deleted = calendar_is_deleted(json);
	if (!*deleted)
		ok = recurrence_read(json, &build->catalog->arena, &build->diag, out);
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

enum error build_recurrences(struct build *build, size_t begin, size_t end)
{
	size_t count = build_newest_count(build, begin, end), filled = 0;
	struct recurrence *list = arena_array(&build->catalog->arena, count, sizeof *list);

	if (!list)
		return ERR_NO_MEMORY;
	for (size_t i = begin; i < end; i++) {
		bool deleted;
		enum error err;

		if (!build_is_newest(build, i, end))
			continue;
		err = read_recurrence(build, build->documents[i], &list[filled], &deleted);
		if (err)
			return err;
		filled += !deleted;
	}
	build->catalog->recurrences = list;
	build->catalog->recurrence_count = filled;
	return ERR_OK;
}
