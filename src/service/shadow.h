/*
 * Candidates in shadow: what is behind the aliases "candidate", ranked beside the active versions on the newest
 * ranking. Nothing of it reaches the queue.
 */
#ifndef WINNOW_SERVICE_SHADOW_H
#define WINNOW_SERVICE_SHADOW_H

#include "service/service.h"
#include "service/simulation.h"

/* Each version that is there in the place of the active one. */
struct shadow_candidate {
	bool any;
	const struct model_version *model;
	const struct policy_version *policy; /* NULL: none */
};
struct shadow_candidate shadow_candidate_of(const struct ranking *ranking);

/* A byte by row, 1 where the item's stream or its team is among those named: a part for
 * simulation_request. NULL: out of memory. */
struct shadow_part {
	const struct str *streams, *teams;
	size_t stream_count, team_count;
};
const uint8_t *shadow_rows_of(
	const struct ranking *ranking, const struct shadow_part *part, struct arena *arena);

/*
 * Ranks the candidates of all workspaces that are in memory and sets the gauges shadow_*, which are of all of
 * them together. It takes a place of the gate for heavy requests; where there is none, or one of them could
 * not be computed, the gauges stay as they are. After a pass that took some time nothing is done for
 * SHADOW_REST times as long, so that watching takes a small share of one processor at the most.
 */
enum { SHADOW_REST = 20 };
enum error shadow_watch(struct service *service);

#endif
