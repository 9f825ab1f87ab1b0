/*
 * What history tells of the backlog as of a time: streams off their shares, items that got stuck, scores that
 * grew old, signals that jump. Beside these stand the findings of one ranking (http/resources/findings.c),
 * which need no history. docs/findings.md has each definition.
 *
 * Every reading of history is bounded: by weeks, and by the rows below.
 */
#ifndef WINNOW_SERVICE_FINDINGS_H
#define WINNOW_SERVICE_FINDINGS_H

#include "codec/finding_key.h"
#include "service/streams.h"
#include "winnow/periods.h"

enum {
	FINDINGS_VERSIONS_MAX = 200000, /* versions of items that one finder looks at: the newest */
	FINDINGS_SCORINGS_MAX = 10000,  /* items whose last scoring is looked up: by rank */
	FINDINGS_WEEKS = 8,             /* complete ones, that lanes are judged by */
	LANE_WEEKS_RUNNING = 3,
	BURST_LEAST = 10, /* items of one reporter in a week */
	DRIFT_LEAST = 5,  /* overrides in four weeks */
	RESCORE_MONTHS = 2,
	RESCORE_ICEBOX_MONTHS = 3,
};
#define LANE_SHARE 0.2   /* of a lane that has no upper bound of its own */
#define SHARE_SLACK 0.05 /* how far off its bounds a share may be */
#define JUMP_OF_SPAN 0.5 /* of a feature's bounds, between two versions */

/* Of those of history: what to do about it. */
const char *finding_advice(enum finding_kind kind);

struct evidence_number {
	const char *name;
	double value;
};
enum { EVIDENCE_MAX = 6 };
struct finding {
	enum finding_kind kind;
	/* What it is about; absent or WN_ROW_NONE where it is not about such a thing. */
	struct str stream;
	uint32_t row;
	const char *
		part; /* what `name` is: "period", "timebox", "feature", "reporter", "override_kind" */
	struct str name;
	int64_t since_us; /* TIME_NONE: nobody knows any more */
	struct evidence_number evidence[EVIDENCE_MAX];
	size_t evidence_count;
};

/* How the streams shared the time that items were in flight. */
struct share_line {
	struct str stream;
	double seconds;       /* in flight, added up over items */
	struct wn_share plan; /* with the actual share; NaN: nothing was in flight */
};
enum { SHARE_THIS_MONTH, SHARE_LAST_MONTH, SHARE_FOUR_SPRINTS, SHARE_PERIODS };
struct share_period {
	const char *name; /* "this_month" … */
	struct wn_span span;
	struct share_line *lines; /* by the catalogue's streams */
	size_t count;
	double seconds; /* of all streams */
};

struct finding_query {
	const struct survey *survey;
	bool sensitive; /* the caller may see sensitive features */
	size_t limit;   /* of each kind */
};
struct findings {
	struct finding *list[FINDING_HISTORY_KINDS];
	size_t shown[FINDING_HISTORY_KINDS], count[FINDING_HISTORY_KINDS];
	struct share_period shares[SHARE_PERIODS];
	bool cut; /* there was more history than is looked at */
};
/* As of the survey's time and the revision of its ranking. ERR_NO_MEMORY, ERR_BUDGET, ERR_DATABASE_AWAY … */
enum error findings_make(
	const struct call *call, const struct finding_query *query, struct findings *out);

/* Candidates whose due date is past, the longest over first; in the arena. ERR_BUDGET. */
struct dated_row {
	uint32_t row;
	double at_s;
};
enum error findings_overdue(const struct ranking *ranking, double now_s, struct arena *arena,
	struct dated_row **out, size_t *count);

/* Whether the ranking puts it into the last band, or in none. */
bool is_in_icebox(const struct ranking *ranking, uint32_t row);

#endif
