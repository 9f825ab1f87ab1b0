/*
 * The digest that a review's decision names.
 */
#ifndef WINNOW_CODEC_REVIEW_DIGEST_H
#define WINNOW_CODEC_REVIEW_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/uuid.h"

/*
 * SHA-256 over the canonical JSON {"item":"<id>","item_revision":R,"model":M,"policy":P}. item_revision is
 * that of the item's version, whose row the audit log covers: all that was said of the item then, and
 * nothing that time alone changes. policy_version 0: none, null. False when memory is out.
 */
bool review_digest(const struct uuid *item, int64_t item_revision, int64_t model_version,
	int64_t policy_version, struct sha256 *out);

#endif
