/*
 * The one error type. ERR_OK is 0; everything else comes from errors.def.
 * A function returns the code; what a person should know goes to a diag list (diag.h).
 */
#ifndef WINNOW_BASE_ERROR_H
#define WINNOW_BASE_ERROR_H

#include "base/str.h"

enum error {
	ERR_OK = 0,
#define X(code, status, slug, title) code,
#include "base/errors.def"
#undef X
	ERR_COUNT,
	/*
	 * Internal signals, never rendered: a handler on the event loop asks for a worker (it would
	 * have to wait for PostgreSQL) or to be run again when the picture has moved.
	 */
	ERR_WOULD_BLOCK,
	ERR_PARK,
};

struct error_info {
	int status;        /* HTTP */
	const char *slug;  /* the last part of the problem type */
	const char *title; /* constant per type */
};

/* Never NULL; unknown codes give that of ERR_INTERNAL. */
const struct error_info *error_info(enum error code);
/* ERR_OK when no error has the slug. */
enum error error_by_slug(struct str slug);

#endif
