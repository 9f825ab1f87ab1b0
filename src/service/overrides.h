/*
 * Overrides: what a person decided against the order, why, and for how long. Each is a row of the
 * history and is never changed: it ends by another row (revoked, or expired), or by time alone.
 */
#ifndef WINNOW_SERVICE_OVERRIDES_H
#define WINNOW_SERVICE_OVERRIDES_H

#include "codec/population.h" /* override_kinds */
#include "live/ranking.h"
#include "service/service.h"
#include "service/write.h"
#include "store/aggregates.h"

enum {
	OVERRIDE_MIN_JUSTIFICATION = 10,   /* characters, blanks at both ends not counted */
	OVERRIDE_MAX_JUSTIFICATION = 4096, /* bytes */
	OVERRIDE_MAX_LINK = 2048,          /* bytes */
	OVERRIDE_MAX_TEAM = 255,           /* bytes */
	OVERRIDE_MAX_RANK = 1000000000,
	OVERRIDE_MAX_IN_FORCE = 10000, /* in a workspace */
	OVERRIDE_ANY_RANK = -1,        /* a pin has no upper end */
	OVERRIDE_REPORT_TEAMS = 1000,  /* that a report tells */
};

/* What the client asked for, and what the caller read off the newest ranking. Texts are borrowed. */
struct override_input {
	struct str kind;
	struct uuid item;
	int64_t rank;       /* pin, >= 1; 0: not given */
	double delta;       /* boost; NaN: not given */
	struct str band;    /* band; absent: not given */
	struct uuid target; /* before */
	bool has_target;    /* false: not given */
	int64_t expires_us; /* TIME_NONE: not given; of a defer: until when, too */
	struct str justification;
	struct str link;        /* absent: none */
	struct str author_team; /* absent: none */
	struct str author;      /* absent: the caller */
	/* Of the newest ranking; nothing is known when there is none. */
	int64_t candidates;     /* how many it ranks; OVERRIDE_ANY_RANK: not known */
	int64_t rank_before;    /* the item's; 0: it is not ranked */
	struct str band_before; /* the item's; absent: it has none */
};

/*
 * Judged under the lock, by the catalogue and the items in force there. In this order:
 * ERR_INVALID: every fault of the input at once, at "/kind", "/rank", "/delta", "/band",
 *     "/target", "/expires_at", "/justification", "/link", "/author_team": also a member that the
 *     kind has no use for, a band that the active model has not, a target that does not exist, is
 *     finished or is the item itself, an expiry that is past or beyond override_max_days.
 * ERR_NOT_FOUND: there is no such item (a fault at "" says so).
 * ERR_CONFLICT: the item is finished, its status is neither of class todo nor active; or
 *     OVERRIDE_MAX_IN_FORCE are in force (a fault at "" says which).
 * *out is the row as stored, in the call's arena. Records "override.create" on "override:<id>".
 */
enum error override_create(const struct call *call, const struct override_input *input,
	struct override_row *out, struct written *written);

/* Fills in what the newest ranking tells of the item. NULL: nobody knows. False when memory is out. */
bool override_look_up(
	struct override_input *input, const struct ranking *ranking, struct arena *arena);

/* The two halves of it inside a write of more than one thing: what may be said against it, and the row. No
 * rule about approvals is asked; write_finish is the caller's. */
enum error override_judge(
	struct write *write, struct catalog *catalog, const struct override_input *input);
enum error override_add(struct write *write, struct catalog *catalog,
	const struct override_input *input, struct override_row *out);

/* The same two halves of ending one: *out is as it is now, and then with its end. ERR_NOT_FOUND; ERR_CONFLICT: it
 * has ended (a fault at "" says how). `by`: whose word it is. */
enum error override_judge_end(struct write *write, const struct uuid *id, struct override_row *out);
enum error override_end(struct write *write, struct override_row *override, const char *by);

/* Ends it before its time. ERR_NOT_FOUND; ERR_CONFLICT: it was revoked, or has expired (also when
 * that is not recorded yet). ERR_AGENT: an agent, and it is another's; ERR_APPROVAL_REQUIRED: it is of a kind
 * that others must approve (approval_rules), to make and to end. Records "override.revoke" on "override:<id>". */
enum error override_revoke(const struct call *call, const struct uuid *id, struct override_row *out,
	struct written *written);

/* With texts. ERR_NOT_FOUND. `revision`: the workspace's, that the answer reflects. */
enum error override_get(const struct call *call, const struct uuid *id, struct override_row *out,
	int64_t *revision);
/* Newest first, with texts. filter->now_us is filled in here when `active` asks for it and it is
 * 0. The next page: before_revision and before_id of the last row. */
enum error override_list(const struct call *call, const struct override_filter *filter,
	struct override_row **out, size_t *count, int64_t *revision);

enum override_state {
	OVERRIDE_IN_FORCE,
	OVERRIDE_EXPIRED, /* recorded or not */
	OVERRIDE_REVOKED,
};
enum override_state override_state_of(const struct override_row *override, int64_t now_us);
const char *override_state_name(enum override_state state); /* "in_force", "expired", "revoked" */

/*
 * Whether overrides proved right, by what became of their items. An override's life is from when it
 * was made until it was revoked, or expired, or now. It moves an item
 *     up    pin (unless to a worse rank than the item had), boost by more than 0, before, band
 *           (unless to a worse one than the item had);
 *     down  all others: exclude and defer, and the exceptions above.
 * What counts is the item's first finished status after the override was made, judged by the
 * vocabulary of now:
 *     up    right: it became done within the life. Wrong: it was dropped within the life, or the
 *           override expired and the item had not been finished.
 *     down  wrong: it became done within the life, although it had been put back. Right: it was
 *           dropped within the life, or the override expired and the item had not been done.
 *     withdrawn: revoked before either was known.
 *     open: in force, and neither is known yet.
 */
struct override_tally {
	struct str key;   /* absent: of those without one */
	int64_t total;    /* the sum of the four */
	int64_t in_force; /* of the total: neither revoked nor expired */
	int64_t proved_right, proved_wrong, withdrawn, open;
};
struct override_report {
	struct override_tally all;       /* key absent */
	struct override_tally *by_model; /* key: the version; ascending */
	/* By the author's team; ascending, without one first; when there are too many, those with the
	 * most overrides. */
	struct override_tally *by_team;
	struct override_tally *by_kind;             /* in override_kinds' order */
	size_t model_count, team_count, kind_count; /* of these lists */
	size_t teams_met;                           /* how many occur */
	int64_t revision;                           /* the workspace's, that it reflects */
};
/* Of the overrides made at from_us or later and before to_us, as they stand at now_us. */
struct override_span {
	int64_t from_us, to_us, now_us;
};
enum error override_report(
	const struct call *call, const struct override_span *span, struct override_report *out);

/*
 * Records the end of all overrides of the call's workspace that have expired behind since_us, in one
 * revision ("override.expire", by whoever calls: the job has no principal, so "system"). *count is how
 * many; none is ERR_OK and writes nothing.
 */
enum error overrides_expire(
	const struct call *call, int64_t since_us, size_t *count, struct written *written);

#endif
