/*
 * Findings as events: what appears and what goes is told in the audit log, once, so that whoever follows it misses
 * nothing, at any daemon. Of the kinds that the workspace's settings ask for. What is told is what a caller
 * may see who sees nothing that is sensitive: the log is the same for all. docs/findings.md.
 */
#ifndef WINNOW_SERVICE_FINDING_WATCH_H
#define WINNOW_SERVICE_FINDING_WATCH_H

#include "live/ranking.h"
#include "service/findings.h"

enum { FINDINGS_SEEN_MOST = 5000 }; /* of a kind, that a look takes in */

/* Kinds that are looked for in memory alone, and those that need history. */
#define FINDINGS_IN_MEMORY                                                                         \
	(FINDING_BIT(FOUND_OVERDUE) | (FINDING_BIT(FINDING_KINDS) - FINDING_BIT(FOUND_CYCLE)))
#define FINDINGS_IN_HISTORY (FINDING_BIT(FINDING_HISTORY_KINDS) - 1 - FINDING_BIT(FOUND_OVERDUE))

/*
 * Looks for the kinds of `kinds` that are asked for, in the newest ranking of call->workspace, and tells what has
 * come and what has gone since: at most one revision, "finding.open", "finding.close" or "finding.change". What is
 * told is compared under the workspace's lock; where that has gone on to findings that the ranking does not know of,
 * nothing is written until it does. *open: how many are open as of the look.
 */
enum error findings_follow(
	const struct call *call, const struct ranking *ranking, uint32_t kinds, size_t *open);

/* One page, and the revision that it reflects; place->limit of them. */
enum error findings_told(const struct call *call, const struct finding_place *place,
	struct finding_row **out, size_t *count, int64_t *revision);

/* Nobody can finish it: it is not there, is out of the ranking, or was dropped. */
bool finding_dangles(const struct ranking *ranking, uint32_t blocker);
/* An override that something stronger keeps from its effect. */
bool finding_defeats(enum wn_fate fate);

#endif
