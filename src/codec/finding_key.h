/*
 * What kinds of findings there are, by which key one is known again, and what has come and gone between two looks.
 * docs/findings.md has what each kind means; service/findings.h and service/finding_watch.h look for them.
 */
#ifndef WINNOW_CODEC_FINDING_KEY_H
#define WINNOW_CODEC_FINDING_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/uuid.h"

/* First those of history, then those of one ranking. */
enum finding_kind {
	FOUND_LANE_OVER,
	FOUND_SHARE_OFF,
	FOUND_OVERDUE,
	FOUND_STALE,
	FOUND_TIMEBOX_OVER,
	FOUND_RESCORE_DUE,
	FOUND_REPORTER_BURST,
	FOUND_VALUE_JUMP,
	FOUND_OVERRIDE_DRIFT,
	FINDING_HISTORY_KINDS,
	FOUND_CYCLE = FINDING_HISTORY_KINDS,
	FOUND_DANGLING,
	FOUND_CONTRADICTION,
	FOUND_BREACH,
	FOUND_DEFEATED,
	FOUND_SLA_BREACHED,
	FOUND_SLA_DUE_SOON,
	FINDING_KINDS
};
/* "lane_over_capacity" …, of a ranking's as the lists of GET …/findings are called. */
const char *finding_kind_name(enum finding_kind kind);
bool finding_kind_from_name(struct str name, enum finding_kind *out);
/* What `name` and `other` of its keys are: "period", "rule" …; NULL: it has none. */
const char *finding_name_part(enum finding_kind kind);
const char *finding_other_part(enum finding_kind kind);

/* Kind and subject: the same finding as long as these are, whatever else is said of it. */
struct finding_key {
	enum finding_kind kind;
	struct uuid item;  /* all zero: it is about no item */
	struct str stream; /* these are absent where there is no such thing */
	struct str name, other;
};
int finding_key_cmp(const struct finding_key *a, const struct finding_key *b);

enum {
	FINDINGS_OPEN_MOST = 1000, /* of a kind, at one time */
	FINDINGS_TURN_MOST = 1000, /* that open or close in one turn, of all kinds */
};
#define FINDING_BIT(kind) (UINT32_C(1) << (kind))

/* What there is now, in the order in which it is to be told, and what has been told and not ended. Bits of `looked`
 * are kinds that were looked for; of those of `cut` there is more than `seen` has; those of `asked` are wanted. */
struct finding_look {
	const struct finding_key *seen;
	size_t seen_count;
	const struct finding_key *open;
	size_t open_count;
	uint32_t looked, cut, asked;
};
struct finding_difference {
	size_t *opened; /* places in `seen` */
	size_t opened_count;
	size_t *closed; /* places in `open` */
	size_t closed_count;
};
/*
 * Closed is what is not asked for any more, and of the kinds that were looked for and are not cut what is not seen
 * any more. Opened is what is seen, asked for and not open, each key once, as long as no more than
 * FINDINGS_OPEN_MOST of its kind are open. Together at most FINDINGS_TURN_MOST, closed before opened; the rest is
 * for the next turn. In the arena; false when there is no room.
 */
bool finding_differ(
	const struct finding_look *look, struct arena *arena, struct finding_difference *out);

#endif
