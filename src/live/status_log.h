/*
 * When items got their statuses: what the clocks of service levels are computed from. Read only where a
 * workspace has such rules. Immutable, shared by reference between a picture and its rankings; a follower
 * makes a new log, which shares the blocks that nothing was added to.
 */
#ifndef WINNOW_LIVE_STATUS_LOG_H
#define WINNOW_LIVE_STATUS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/symbols.h"
#include "base/uuid.h"
#include "codec/catalog.h"
#include "live/block.h"

struct conn;
struct row_index;

struct status_change {
	int64_t at_s;     /* of the revision; INT64_MIN: not known any more */
	uint32_t status;  /* symbol of the log's own */
	uint32_t changed; /* bit i: watched feature i has another value */
};

/* changes[start[i] … start[i + 1] - 1] are of row i of the block, oldest first. */
struct status_block {
	int references; /* atomic */
	uint32_t start[BLOCK_ROWS + 1];
	struct status_change changes[];
};

struct status_log {
	int references; /* atomic */
	struct symbols *statuses;
	uint32_t status_count; /* symbols 1 … that its changes may have */
	uint16_t watched[SLA_MAX_WATCHED];
	size_t watched_count;
	struct status_block **blocks; /* NULL: nothing of these rows */
	size_t block_count;
};

/*
 * What lies in (since, upto], added to `before` (NULL, and since 0: all), in an open read. Items that the
 * index does not know are left out. One thread alone may follow a log; *out is a reference.
 */
struct status_reading {
	struct conn *conn;
	const struct uuid *workspace;
	struct row_index *index;
	int64_t since, upto;
};
enum error status_log_read(const struct status_reading *reading, const struct status_log *before,
	const struct sla_rules *slas, struct status_log **out);
/* Whether it tells all that these rules ask. */
bool status_log_fits(const struct status_log *log, const struct sla_rules *slas);
void status_log_ref(struct status_log *log);
void status_log_unref(struct status_log *log);         /* NULL is fine */
size_t status_log_bytes(const struct status_log *log); /* of NULL: 0 */

const struct status_change *status_log_of(
	const struct status_log *log, uint32_t row, size_t *count);

#endif
