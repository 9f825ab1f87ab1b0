/*
 * A gzip body (RFC 1952), bit by bit: nothing grows with what it inflates to. Several members one
 * after the other are one body, as gzip itself writes and reads them; anything else behind a member
 * is not well-formed. Pure but for its memory; not thread-safe.
 */
#ifndef WINNOW_BASE_GUNZIP_H
#define WINNOW_BASE_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct gunzip;

enum gunzip_step {
	GUNZIP_BYTES,     /* some were made */
	GUNZIP_MORE,      /* all that was given is used up */
	GUNZIP_MALFORMED, /* it is not gzip; or it was not, from here on */
	GUNZIP_NO_MEMORY,
};

/* NULL when memory is out. */
struct gunzip *gunzip_new(void);
void gunzip_free(struct gunzip *gunzip); /* NULL is fine */

/* The bytes are not copied: they must stay until all are used up, or given anew from where the last
 * ones were left. */
void gunzip_give(struct gunzip *gunzip, const char *data, size_t bytes);
/* *out is valid until the next call. */
enum gunzip_step gunzip_take(struct gunzip *gunzip, struct str *out);
/* Of the bytes given, those that are not used up. */
size_t gunzip_left(const struct gunzip *gunzip);
/* Whether the body may end here: with a member, and there was one. */
bool gunzip_whole(const struct gunzip *gunzip);
/* Bytes used up and made so far. */
size_t gunzip_used(const struct gunzip *gunzip);
size_t gunzip_made(const struct gunzip *gunzip);

#endif
