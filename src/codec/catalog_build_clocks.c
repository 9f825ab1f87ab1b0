/*
 * Business hours and the rules of service levels, from their documents into the catalogue.
 */
#include "codec/catalog_build.h"
#include "codec/catalog_hours.h"
#include "codec/catalog_policy.h"
#include "codec/json.h"

static enum error read_business_hours(
	struct build *build, const struct document *document, void *into, bool *deleted)
{
	struct business_hours *out = into;
	json_t *json = NULL;
	enum error err = build_open(build, document, &json);
	bool ok = true;

	if (err)
		return err;
	*deleted = calendar_is_deleted(json);
	if (!*deleted)
		ok = business_hours_read(json, true, &build->catalog->arena, &build->diag, out);
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

enum error build_business_hours(struct build *build, size_t begin, size_t end)
{
	struct newest newest = {.size = sizeof(struct business_hours), .read = read_business_hours};
	enum error err = build_newest(build, begin, end, &newest);

	build->catalog->business_hours = newest.list;
	build->catalog->business_hours_count = newest.count;
	return err;
}

/* Only the newest rules count. */
enum error build_slas(struct build *build, size_t begin, size_t end)
{
	const struct document *newest = build->documents[end - 1];
	struct sla_rules *slas = arena_alloc(&build->catalog->arena, sizeof *slas);
	json_t *json = NULL;
	enum error err;
	bool ok;

	if (!slas)
		return ERR_NO_MEMORY;
	if (build_newest_count(build, begin, end) != 1)
		return ERR_INTERNAL;
	err = build_open(build, newest, &json);
	if (err)
		return err;
	*slas = (struct sla_rules){.revision = newest->revision};
	ok = slas_read(json, build->catalog, true, &build->catalog->arena, &build->diag, slas);
	json_decref(json);
	err = build_verdict(build, ok);
	if (err)
		return err;
	build->catalog->slas = slas;
	return build_keep(build, newest->body, &slas->body) ? ERR_OK : ERR_NO_MEMORY;
}
