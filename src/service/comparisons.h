/*
 * Comparisons: "A before B", by a person, of two items or of two criteria. Append-only; a second
 * opinion is a second row. Strengths of items (strengths.h) and weights of criteria (criteria.h) are
 * made of them.
 */
#ifndef WINNOW_SERVICE_COMPARISONS_H
#define WINNOW_SERVICE_COMPARISONS_H

#include "service/service.h"
#include "service/write.h"
#include "store/aggregates.h"

enum { COMPARISONS_KEPT_MAX = 1000000 }; /* in a workspace: each load of it fits all of them */
enum { COMPARISONS_MAX = 100, COMPARISON_RATIO_LEAST = 1, COMPARISON_RATIO_MOST = 9 };

/* Of items: before and after are ids. Of criteria: before_name and after_name are features, and
 * ratio says how much more the first one matters. */
struct comparison_input {
	bool criteria;
	struct uuid before, after;
	struct str before_name, after_name;
	double ratio;
	const char *pointer; /* where it stands in what the client gave; "" for the whole */
};

/*
 * Records them all in one revision, or none. Judged under the lock, all faults at once, below each
 * one's pointer: "/before", "/after" (of items), "/criteria/more", "/criteria/less",
 * "/criteria/ratio".
 *   ERR_INVALID    the same twice, a feature that cannot be a criterion, a ratio out of bounds
 *   ERR_NOT_FOUND  an item that is not there
 *   ERR_CONFLICT   an item that is finished: its place is nothing to decide any more. What was said
 *                  of it before still teaches. Or more than COMPARISONS_KEPT_MAX (a fault at "")
 * Audit: "comparison.create" on "comparison:<id>", of several "comparisons.create" with a list.
 */
enum error comparisons_create(const struct call *call, const struct comparison_input *inputs,
	size_t count, struct comparison_row *out, struct written *written);

/* Newest first. `revision`: the workspace's, that the list reflects. */
enum error comparison_list(const struct call *call, const struct comparison_filter *filter,
	struct comparison_row **out, size_t *count, int64_t *revision);

#endif
