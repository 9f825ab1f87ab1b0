/*
 * What is left of the time that was retired: the digest over it, which the step's record carries. Private to
 * src/service.
 */
#ifndef WINNOW_SERVICE_AUDIT_KEPT_H
#define WINNOW_SERVICE_AUDIT_KEPT_H

#include "base/error.h"
#include "base/sha256.h"
#include "store/history.h"

/*
 * SHA-256 over "winnow-kept-1" NUL; then the row hashes (codec/audit_chain.h) of all rows up to revision
 * `size`: by table name, by revision, and of one revision in byte order; then of each removed record be64
 * revision, be64 time in µs since 1970, hash. *rows is how many rows that are, removed records not counted.
 * In an open read or write of the workspace; row by row, so that memory does not grow with the log. An
 * error is one of PostgreSQL, or ERR_NO_MEMORY.
 */
enum error audit_kept_digest(struct conn *conn, const struct uuid *workspace, int64_t size,
	int64_t *rows, struct sha256 *out);

#endif
