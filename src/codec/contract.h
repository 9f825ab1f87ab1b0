/*
 * The streams' contract as a domain value: shares, limits of work in progress, definitions of ready
 * and of done, timeboxes, staleness, quadrants, views. Documents of kind "contract" (name: the version's
 * number), "contract_alias" (name "active"; body {"contract": N or null}) and "launch" (name: its own).
 * docs/streams.md has the form.
 *
 * Immutable, in the catalogue's arena. Not bound: a symbol of a test is 1 + an index into the contract's
 * words; contract_bind and predicate_bind make what a population can be asked with.
 */
#ifndef WINNOW_CODEC_CONTRACT_H
#define WINNOW_CODEC_CONTRACT_H

#include "codec/catalog.h"
#include "winnow/streams.h"

struct predicate {
	const struct wn_test *tests;
	size_t count; /* 0: there is none */
};

/* So many items, or days of estimates, in flight at once. */
struct contract_limit {
	struct str id;
	struct str stream; /* absent: of all streams together */
	double at_most;
	enum wn_group per; /* WN_PER_WORKSPACE: all that it is about together */
	bool by_estimate;  /* an estimate that is unknown or negative counts as none */
	bool warn;
};

/* What an item must have when its status becomes one that the gate guards. */
struct contract_gate {
	struct str id; /* of a required field: its name */
	struct str reason;
	struct str stream;
	enum status_class guards;           /* STATUS_ACTIVE: ready; STATUS_DONE: done */
	const struct str *kinds, *statuses; /* none: any, any of the class */
	size_t kind_count, status_count;
	struct predicate requires;
	bool warn;
};

struct contract_timebox {
	struct str id;
	struct str status, label; /* one of the two: while the item has it */
	double days;
	bool discovery;
};

struct contract_stream {
	struct str name;
	bool lane;
	double at_least, at_most; /* shares; NaN: none */
	const struct contract_timebox *timeboxes;
	size_t timebox_count;
	double stale_todo_days, stale_active_days; /* without a change; NaN: never */
};

/* A backlog of its own within the queue, and what it is measured by. */
struct contract_view {
	struct str name;
	struct predicate when;
	const uint16_t *measures; /* columns of numbers */
	size_t measure_count;
};

struct contract_version {
	int64_t version, revision;
	struct str name, body;
	const struct str
		*mirrors; /* sources that mirror another tracker: refusals are warnings there */
	size_t mirror_count;
	const struct contract_stream *streams;
	size_t stream_count;
	const struct contract_limit *limits;
	size_t limit_count;
	const struct contract_gate *gates;
	size_t gate_count;
	struct predicate visible, risky; /* the quadrants' axes; none: there are no quadrants */
	const struct contract_view *views;
	size_t view_count;
	const struct str *words;
	size_t word_count;
};

struct contract_alias {
	struct str name;
	int64_t contract; /* 0: none */
	int64_t revision;
};

/* Something went live: capacity is kept back for a while. */
enum { LAUNCH_DAYS = 60, LAUNCH_MAX_DAYS = 365, LAUNCHES_MAX = 256 };
struct launch {
	struct str name;
	int64_t revision;
	struct str body;
	struct str stream; /* for which it is kept; absent: for none */
	struct wn_reserve reserve;
};

/* NULL: there is none. What is found lives as long as the catalogue. */
const struct contract_version *catalog_contract(const struct catalog *catalog, int64_t version);
const struct contract_alias *catalog_contract_alias(const struct catalog *catalog, struct str name);
/* The one in force; NULL: none. */
const struct contract_version *catalog_contract_active(const struct catalog *catalog);
const struct launch *catalog_launch(const struct catalog *catalog, struct str name);
/* The one whose reserve is in force then (seconds since 1970); NULL: none. */
const struct launch *catalog_launch_at(const struct catalog *catalog, double now_s);

const struct contract_stream *contract_stream(
	const struct contract_version *contract, struct str name);
const struct contract_view *contract_view(const struct contract_version *contract, struct str name);
bool contract_mirrors(const struct contract_version *contract, struct str source);
/* Whether the gate is about an item of these, as long as it has them. */
bool contract_gate_guards(const struct contract_gate *gate, const struct catalog *catalog,
	struct str stream, struct str kind, struct str status);
/* Calls visit for each column that it reads (catalog.h). */
bool contract_columns(const struct contract_version *contract, column_visit *visit, void *self);
bool contract_reads(const struct contract_version *contract, uint32_t feature);

/* A client's contract, or {"preset": "field_contract"} with name; canonical as it was given, with what
 * was null left out and "mirrors" filled in. ERR_INVALID with all faults. */
enum error contract_parse(const struct json_t *json, const struct catalog *catalog,
	struct arena *arena, struct diag *diag, struct str *body);
/* {"at", "share": 0.25 … 0.4, "days", "stream", "description"}; the rest as of contract_parse. */
enum error launch_parse(const struct json_t *json, const struct catalog *catalog,
	struct arena *arena, struct diag *diag, struct str *body);
/* What keeps a version from being put in force now: words and features that are gone. ERR_CONFLICT. */
enum error contract_check(const struct contract_version *contract, const struct catalog *catalog,
	struct arena *arena, struct diag *diag);

/* A copy whose predicates can be asked of the population; `words` give its symbols. What does not change
 * is shared; the rest is the arena's. False when memory is out. */
bool contract_bind(const struct contract_version *contract, const struct catalog *catalog,
	const struct word_lookup *words, struct arena *arena, struct contract_version *out);

/* As the API shows them: one JSON object each. */
void contract_write(struct buf *out, const struct contract_version *contract);
void launch_write(struct buf *out, const struct launch *launch);

#endif
