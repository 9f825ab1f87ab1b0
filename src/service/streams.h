/*
 * Streams against their contract, as one ranking has them: what is in flight and what waits, limits, gates,
 * timeboxes, shares; quadrants and views. Rows are the ranking's, which must outlive what is made here;
 * the rest is the arena's. Lists of rows are cut to STREAM_LIST_MAX, counts are whole.
 */
#ifndef WINNOW_SERVICE_STREAMS_H
#define WINNOW_SERVICE_STREAMS_H

#include "codec/contract.h"
#include "live/ranking.h"
#include "service/service.h"
#include "store/aggregates.h"

enum { STREAM_LIST_MAX = 20, STREAM_WEEKS = 8, STREAM_WEEKS_MAX = 52 };

/* One stream, by one pass over all rows. */
struct stream_state {
	struct str name;
	const struct contract_stream *agreed; /* NULL: the contract does not speak of it */
	size_t queued, in_flight;             /* by the class of the status: todo, active */
	double in_flight_days; /* estimates of what is in flight, as far as there are */
	uint32_t oldest; /* of both; WN_ROW_NONE: there is none, or none whose date is known */
	double oldest_s; /* when that was created */
	uint32_t
		undated; /* the one stored first of those that have no created_at; WN_ROW_NONE: none */
	struct wn_share share; /* as agreed; `actual` by items, NaN: nothing flies */
	struct wn_share plan;  /* after lanes and the reserve */
	double actual_days;    /* share of the estimates in flight; NaN: none */
};
struct survey {
	const struct ranking *ranking;
	const struct catalog *catalog; /* whose contract it is */
	bool has_contract;
	struct contract_version contract; /* bound to the ranking */
	const struct launch *launch;      /* whose reserve is in force; NULL: none */
	double now_s;
	struct stream_state *streams; /* by the catalogue's streams */
	size_t count;
	size_t in_flight; /* of all streams, also of those that the vocabulary has no more */
	double in_flight_days;
	uint8_t *class; /* enum status_class by row */
};
/* As of now_s, seconds since 1970. ERR_NO_MEMORY. */
enum error survey_make(
	const struct ranking *ranking, double now_s, struct arena *arena, struct survey *out);
/* The same rows by the contract, launches and vocabulary of another catalogue, which must outlive it. */
enum error survey_make_by(const struct ranking *ranking, const struct catalog *catalog,
	double now_s, struct arena *arena, struct survey *out);
/* An item without created_at is as old as its first version: asks PostgreSQL for the time of those that may
 * be the oldest. */
enum error survey_date(const struct call *call, struct survey *survey);
/* NULL: there is no such stream. */
const struct stream_state *survey_stream(const struct survey *survey, struct str name);

struct row_list {
	uint32_t rows[STREAM_LIST_MAX];
	size_t shown, count;
};

/* ---- a stream's health ---- */

struct limit_group {
	uint32_t symbol;
	uint32_t example; /* a row of it */
	struct str name;  /* absent: the whole stream, or erased */
	size_t items;
	double load;
};
struct limit_health {
	const struct contract_limit *limit;
	struct limit_group *groups; /* fullest first */
	size_t count, over;
};
struct gate_health {
	const struct contract_gate *gate;
	size_t in_flight, queued; /* that would not pass now */
	struct row_list examples; /* of those in flight */
};
struct timebox_item {
	uint32_t row;
	int64_t since_us;
};
struct timebox_health {
	const struct contract_timebox *timebox;
	size_t inside;             /* in it, over or not; at most SPELLS_MAX are looked at */
	struct timebox_item *over; /* longest first */
	size_t over_count;
};
struct stream_health {
	const struct stream_state *state;
	struct limit_health *limits;
	size_t limit_count;
	struct gate_health *gates;
	size_t gate_count;
	struct timebox_health *timeboxes;
	size_t timebox_count;
	struct row_list stale;
	struct flow_row *weeks; /* ascending, without holes */
	size_t week_count;
};
/* The limits of all streams together; none without a contract. */
enum error workspace_limits_make(const struct call *call, const struct survey *survey,
	struct limit_health **out, size_t *count);
/* Asks PostgreSQL for what has been, as of the ranking's revision. ERR_DATABASE_AWAY … */
/* Whether a row of such a stream has been without a change for longer than was agreed. */
bool stream_row_is_stale(
	const struct survey *survey, const struct contract_stream *agreed, uint32_t row);
enum { SPELLS_MAX = 10000 };
enum error stream_health_make(const struct call *call, const struct survey *survey,
	const struct stream_state *state, size_t weeks, struct stream_health *out);

/* ---- quadrants and views ---- */

/* Where each candidate stands; false when memory is out. NULL where the contract has no quadrants. */
bool quadrants_make(const struct survey *survey, struct arena *arena, uint8_t **by_row);
/* Which rows fulfil a predicate of the bound contract, for row_hit; false when memory is out. */
bool predicate_rows(const struct survey *survey, const struct predicate *predicate,
	struct arena *arena, uint64_t **hits);
/* The same without a survey: of a view of the contract that was in force at the ranking. *hits is NULL when
 * there is no such view. */
bool view_rows(
	const struct ranking *ranking, struct str view, struct arena *arena, uint64_t **hits);
static inline bool row_hit(const uint64_t *hits, uint32_t row)
{
	/* Each block has words of its own. */
	return hits[row / BLOCK_ROWS * (BLOCK_ROWS / 64) + row % BLOCK_ROWS / 64] >>
		       (row % BLOCK_ROWS % 64) &
	       1;
}

#endif
