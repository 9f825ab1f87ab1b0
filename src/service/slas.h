/*
 * What other rules of service levels, or other business hours, would do to the items that are there.
 */
#ifndef WINNOW_SERVICE_SLAS_H
#define WINNOW_SERVICE_SLAS_H

#include "live/ranking.h"
#include "service/documents.h"
#include "service/service.h"

/* Of the items that are open. */
struct sla_count {
	int64_t as_of_us;
	size_t clocks_before, clocks_after; /* items that have one */
	size_t changed;                     /* another rule, state, time left or due time */
	size_t breached_before, breached_after;
	size_t newly_breached, no_longer_breached;
};

/*
 * Counts for the items of a ranking, as of now, and writes nothing. Refused as the write would be: faults,
 * a precondition. ERR_BUSY; only on a worker, since the history of statuses may have to be read.
 */
enum error sla_try(const struct call *call, const struct ranking *ranking,
	const struct document_put *put, struct sla_count *out);

/* The clocks of a ranking's rows by the rules of another catalogue, which must outlive them: sla_book_free.
 * NULL where that has no rules. Reads the history where the ranking does not tell enough. */
struct sla_book; /* live/sla.h */
enum error sla_book_by(const struct call *call, const struct ranking *ranking,
	const struct catalog *catalog, struct sla_book **out);
/* What comes of them; `after` may be NULL. */
void sla_count_by(const struct ranking *ranking, const struct sla_book *after, int64_t as_of_us,
	struct sla_count *out);

#endif
