/*
 * Content codings that a client takes (RFC 9110 §12.5.3).
 */
#ifndef WINNOW_HTTP_CODING_H
#define WINNOW_HTTP_CODING_H

#include "http/http.h"

/* Whether gzip is at least as welcome as the bytes as they are. Without Accept-Encoding it is not. */
bool coding_takes_gzip(const struct request *request);

/* The response's body is in gzip's format: sets Content-Encoding, and its entity tag says so, too.
 * False when memory is out. */
bool response_is_gzip(struct response *response, struct request *request);

/* The tag ("x") of what is answered in gzip ("x-gzip"): in the arena, NULL when memory is out. */
const char *etag_of_gzip(struct request *request, const char *tag);

#define TAG_OF_GZIP "-gzip"

#endif
