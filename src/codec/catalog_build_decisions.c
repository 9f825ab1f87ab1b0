/*
 * That the model is suspended, and which changes take other people's approval, from their documents into the
 * catalogue.
 */
#include "codec/catalog_build.h"
#include "codec/json.h"

enum error build_suspension(struct build *build, size_t begin, size_t end)
{
	const struct document *newest = build->documents[end - 1];
	struct suspension *out = &build->catalog->suspension;
	json_t *json = NULL;
	enum error err;
	bool ok;

	if (build_newest_count(build, begin, end) != 1 || !str_is(newest->name, "model"))
		return ERR_INTERNAL;
	err = build_open(build, newest, &json);
	if (err)
		return err;
	ok = json_read_int(json, "model", 1, INT64_MAX, false, 0, "", &build->diag, &out->model);
	ok &= json_read_text(json, "fallback", 1, CATALOG_MAX_NAME, false, "", &build->diag,
		&build->catalog->arena, &out->fallback);
	ok &= json_read_text(json, "ranking", 1, CATALOG_MAX_NAME, false, "", &build->diag,
		&build->catalog->arena, &out->ranking);
	json_decref(json);
	out->revision = newest->revision;
	return build_verdict(build, ok);
}

enum error build_approval(struct build *build, size_t begin, size_t end)
{
	const struct document *newest = build->documents[end - 1];
	struct approval_rules *out = &build->catalog->approval;
	json_t *json = NULL;
	enum error err;
	bool ok;

	if (build_newest_count(build, begin, end) != 1 || !str_is(newest->name, "workspace"))
		return ERR_INTERNAL;
	err = build_open(build, newest, &json);
	if (err)
		return err;
	ok = approval_rules_read(json, &build->catalog->arena, &build->diag, out);
	json_decref(json);
	out->revision = newest->revision;
	err = build_verdict(build, ok);
	if (err)
		return err;
	return build_keep(build, newest->body, &out->body) ? ERR_OK : ERR_NO_MEMORY;
}
