/*
 * Paths and queries of requests, percent-encoded (RFC 3986).
 */
#ifndef WINNOW_CLI_URL_H
#define WINNOW_CLI_URL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* All but unreserved characters are encoded; so one segment stays one. */
void url_segment(struct buf *out, struct str text);
/* Appends "?key=value", or "&key=value" where there is a query already. The key is not encoded. */
void url_query(struct buf *out, const char *key, struct str value);
void url_query_int(struct buf *out, const char *key, int64_t value);

#endif
