/*
 * Time zones as the system's database has them (TZif, RFC 8536): the changes of a zone's offset between two
 * instants, those of its last rule written out. A table of them can be kept, so that what was computed
 * with it can be computed again wherever the database has moved on.
 */
#ifndef WINNOW_BASE_TZIF_H
#define WINNOW_BASE_TZIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum { TZ_MAX_CHANGES = 1024, TZ_MAX_NAME = 64 };

/* From `at_s` (since 1970, UTC) on, local time is UTC plus `offset_s`. */
struct tz_change {
	int64_t at_s;
	int32_t offset_s;
};

struct tz_table {
	int32_t offset_s;                         /* before the first change */
	struct tz_change changes[TZ_MAX_CHANGES]; /* ascending; each to another offset */
	size_t count;
};

/* Of the bytes of a TZif file, version 2 or later: what changes in (from_s, until_s]. False when they are
 * none, or when there are too many changes. */
bool tzif_read(const unsigned char *bytes, size_t count, int64_t from_s, int64_t until_s,
	struct tz_table *out);

/* The same of a zone by its name ("Europe/Berlin"), from $TZDIR or /usr/share/zoneinfo. ERR_NOT_FOUND: no such
 * zone here. ERR_NO_MEMORY. */
enum error tz_load(struct str name, int64_t from_s, int64_t until_s, struct tz_table *out);

#endif
