/*
 * The error table as data: what http/problem.c, the metrics and the documentation read.
 */
#include "base/error.h"

static const struct error_info table[] = {
	[ERR_OK] = {200, "ok", "All is well"},
#define X(code, status, slug, title) [code] = {status, slug, title},
#include "base/errors.def"
#undef X
};

const struct error_info *error_info(enum error code)
{
	/* Through unsigned, so that a negative code is out of range too. */
	if ((unsigned)code >= sizeof table / sizeof table[0])
		return &table[ERR_INTERNAL];
	return &table[code];
}

enum error error_by_slug(struct str slug)
{
	for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
		if (str_is(slug, table[code].slug))
			return (enum error)code;
	}
	return ERR_OK;
}
