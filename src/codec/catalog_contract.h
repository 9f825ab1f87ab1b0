/*
 * What the files about contracts share. The conventions are those of catalog_internal.h.
 */
#ifndef WINNOW_CODEC_CATALOG_CONTRACT_H
#define WINNOW_CODEC_CATALOG_CONTRACT_H

#include "codec/catalog_policy.h"
#include "codec/contract.h"

enum {
	CONTRACT_MAX_LIMITS = 64,
	CONTRACT_MAX_GATES = 256, /* required fields counted */
	CONTRACT_MAX_TIMEBOXES = 64,
	CONTRACT_MAX_VIEWS = 16,
	CONTRACT_MAX_MIRRORS = 64,
	CONTRACT_MAX_REASON = 1024,
	CONTRACT_MAX_DAYS = 3650,
};

/* A contract while it is read. The lists have room for all that the JSON has. */
struct contract_draft {
	struct predicate_reader predicates;
	struct contract_stream *streams;
	struct contract_limit *limits;
	struct contract_gate *gates;
	struct contract_timebox *timeboxes;
	struct contract_view *views;
	size_t stream_count, limit_count, gate_count, timebox_count, view_count;
};

/* All but version, revision and body; in the arena. `stored`: features and words that are gone meanwhile are no
 * fault. False with faults, or without any when memory is out; so do all that read here. */
bool contract_read(const json_t *json, const struct catalog *catalog, bool stored,
	struct arena *arena, struct diag *diag, struct contract_version *out);
/* [a-z][a-z0-9_-]{0,62}, required. */
bool contract_read_id(
	struct contract_draft *draft, const json_t *json, const char *pointer, struct str *out);
/* "ready" or "done" of one stream. */
bool contract_read_definition(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct str stream, enum status_class guards);
/* How many gates a definition makes. */
size_t contract_gates_of(const json_t *definition);

/* All but name, revision and body. */
bool launch_read(const json_t *json, const struct catalog *catalog, bool stored,
	struct arena *arena, struct diag *diag, struct launch *out);

#endif
