/*
 * What an answer is made of, as bytes: written by a write's body, read back when the same request
 * comes again under its Idempotency-Key. Ids, numbers and short texts, one after the other, in an
 * order that writer and reader share.
 */
#ifndef WINNOW_SERVICE_KEPT_H
#define WINNOW_SERVICE_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/uuid.h"

void kept_put_byte(struct buf *out, unsigned char value);
void kept_put_int(struct buf *out, int64_t value);
void kept_put_uuid(struct buf *out, const struct uuid *value);
void kept_put_str(struct buf *out, struct str value); /* STR_NONE stays that */

/* A failure is sticky; what is read after it is zero. */
struct kept {
	struct str left;
	bool failed;
};
unsigned char kept_byte(struct kept *kept);
int64_t kept_int(struct kept *kept);
struct uuid kept_uuid(struct kept *kept);
struct str kept_str(struct kept *kept); /* a view */
/* ERR_INTERNAL when it was not what was expected, or not all of it was read. */
enum error kept_end(const struct kept *kept);

#endif
