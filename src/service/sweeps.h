/*
 * Sweeps of the icebox: what waits in the last band (or in none) and was not scored for months is listed, and
 * kept as it was found. Of that list items are closed, with a rationale; what grew in the meantime is listed as
 * to be promoted. docs/findings.md.
 */
#ifndef WINNOW_SERVICE_SWEEPS_H
#define WINNOW_SERVICE_SWEEPS_H

#include "service/service.h"
#include "service/streams.h"
#include "service/write.h"

enum {
	SWEEP_MONTHS = 6,
	SWEEP_MAX_MONTHS = 60,
	SWEEP_ITEMS_MAX = 2000, /* of each list */
	SWEEP_PART = 500,       /* items that are closed at once */
};
#define SWEEP_FACTOR 1.5
#define SWEEP_FEATURE STR("cost_of_delay")

struct sweep_input {
	int64_t months;
	struct str feature; /* absent: nothing is promoted */
	double factor;
};
/* SWEEP_FEATURE where there is such a feature that can promote; else absent. */
struct str sweep_default_feature(const struct catalog *catalog);
/*
 * What a sweep would list now: ranked items of class todo in the icebox, that were first stored so many months
 * ago, by rank. Last scored then, too: stale. Else the feature's value at least `factor` times what it was in
 * the first version: promoted. id, revision and made_by are left open. The lists are in the call's arena. Asks
 * PostgreSQL; ERR_INVALID: no such feature, or one that is sensitive or no number; ERR_BUDGET.
 */
enum error sweep_find(const struct call *call, const struct survey *survey,
	const struct sweep_input *input, struct sweep_row *out);
/* Finds and keeps; errors as above. Records "sweep.create" on
 * "sweep:<id>". */
enum error sweep_create(const struct call *call, const struct survey *survey,
	const struct sweep_input *input, struct sweep_row *out, struct written *written);

struct sweep_view {
	struct sweep_row sweep;
	struct sweep_closing_row *closings;
	size_t closing_count;
	int64_t revision; /* the workspace's, that the answer reflects */
};
/* With what was closed of it; in the call's arena. ERR_NOT_FOUND. */
enum error sweep_get(const struct call *call, const struct uuid *id, struct sweep_view *out);
/* Newest first, those made before a revision, `limit` at the most; in the call's arena. *revision is the
 * workspace's, that the answer reflects. */
enum error sweep_list(const struct call *call, int64_t before, size_t limit, struct sweep_row **out,
	size_t *count, int64_t *revision);

struct sweep_closing {
	struct uuid sweep;
	bool all;                 /* of its stale items */
	const struct uuid *items; /* else these, which must be in it */
	size_t count;
	struct str rationale;
	struct str status; /* absent: the first of class dropped */
	/* results */
	size_t closed;
	size_t left;      /* finished already, or begun in the meantime */
	size_t remaining; /* that were not looked at: close again */
};
/* Up to SWEEP_PART items get the status as a patch, as people give it to single ones, in one revision:
 * "sweep.close" on "sweep:<id>". ERR_NOT_FOUND; ERR_INVALID: no reason, no such status, an item that the
 * sweep does not list as stale. */
enum error sweep_close(
	const struct call *call, struct sweep_closing *closing, struct written *written);

#endif
