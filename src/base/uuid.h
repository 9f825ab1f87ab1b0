/*
 * UUIDs (RFC 9562) by libuuid: version 4 for new things, version 5 for derived ones.
 */
#ifndef WINNOW_BASE_UUID_H
#define WINNOW_BASE_UUID_H

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

struct uuid {
	unsigned char bytes[16];
};

enum { UUID_TEXT_SIZE = 37 };

void uuid_random(struct uuid *out);
/* Version 5: SHA-1 of name space and name. */
void uuid_derive(const struct uuid *space, const void *name, size_t name_bytes, struct uuid *out);
/* Exactly 36 characters, any case. */
bool uuid_from_text(struct str text, struct uuid *out);
/* Lower case; returns `text`. */
char *uuid_to_text(const struct uuid *uuid, char text[UUID_TEXT_SIZE]);

static inline int uuid_cmp(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

#endif
