/*
 * Retiring the log up to a signed checkpoint (docs/retention.md). Two steps, since what is removed must be outside
 * before: first what may be retired, then, after the export, the removal. Both need a connection of the schema's
 * owner: the application's role cannot do it.
 */
#ifndef WINNOW_SERVICE_RETIREMENT_H
#define WINNOW_SERVICE_RETIREMENT_H

#include "codec/note.h"
#include "service/write.h"

struct retirement {
	int64_t first_revision, size; /* the range */
	struct sha256 root;           /* of the checkpoint */
	struct sha256
		before; /* hash of the record before the range; zero: it begins with the first */
	struct sha256 last; /* of the last record in it */
	const struct note_verifier
		*signer; /* whose signature the checkpoint has; NULL: none was asked for */
};
/*
 * Whether the log up to a checkpoint of `size` records may be retired. The stored checkpoint must have a signature of
 * `key` over this log's size and root (NULL: the signature is not looked at), and all of the log is verified. ERR_CONFLICT,
 * with the reason: the settings keep the log for ever, no such checkpoint, not signed, the last record is too young, it
 * is retired already, or the log does not hold.
 */
enum error retirement_plan(const struct call *call, int64_t size, const struct note_verifier *key,
	struct retirement *out);

/* Of the exported range. ERR_CONFLICT, with the reason: another step has come first. */
enum error retirement_carry_out(const struct call *call, const struct retirement *retirement,
	const struct sha256 *export_sha256, struct written *written);

#endif
