/*
 * Contracts, their alias, launches and work that comes back, from stored documents into the catalogue.
 */
#include "codec/catalog_build.h"
#include "codec/catalog_contract.h"
#include "codec/recurrence.h"

static enum error read_contract(
	struct build *build, const struct document *document, int64_t version, void *into)
{
	struct contract_version *out = into;
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);
	bool ok;

	if (err)
		return err;
	out->version = version;
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
	struct numbered numbered = {.size = sizeof(struct contract_version), .read = read_contract};
	enum error err = build_numbered(build, begin, end, &numbered);

	build->catalog->contracts = numbered.list;
	build->catalog->contract_count = numbered.count;
	return err;
}

static enum error read_contract_alias(
	struct build *build, const struct document *document, void *into, bool *deleted)
{
	struct contract_alias *out = into;
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);
	const json_t *contract = json_object_get(json, "contract");
	bool none = json_is_null(contract);

	(void)deleted;
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
	struct newest newest = {.size = sizeof(struct contract_alias), .read = read_contract_alias};
	enum error err = build_newest(build, begin, end, &newest);

	build->catalog->contract_aliases = newest.list;
	build->catalog->contract_alias_count = newest.count;
	return err;
}

static enum error read_launch(
	struct build *build, const struct document *document, void *into, bool *deleted)
{
	struct launch *out = into;
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

enum error build_launches(struct build *build, size_t begin, size_t end)
{
	struct newest newest = {.size = sizeof(struct launch), .read = read_launch};
	enum error err = build_newest(build, begin, end, &newest);

	build->catalog->launches = newest.list;
	build->catalog->launch_count = newest.count;
	return err;
}

/* ---- work that comes back ---- */

static enum error read_recurrence(
	struct build *build, const struct document *document, void *into, bool *deleted)
{
	struct recurrence *out = into;
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
	struct newest newest = {.size = sizeof(struct recurrence), .read = read_recurrence};
	enum error err = build_newest(build, begin, end, &newest);

	build->catalog->recurrences = newest.list;
	build->catalog->recurrence_count = newest.count;
	return err;
}
