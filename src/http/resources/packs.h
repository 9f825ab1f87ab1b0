/*
 * What a meeting needs on one page: sections made of what other answers are made of. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_PACKS_H
#define WINNOW_HTTP_RESOURCES_PACKS_H

#include "http/resources/finding_view.h"

struct pack {
	struct request *request;
	struct json_writer *json;
	struct ranking *ranking;
	struct survey survey;
	struct findings findings;
	int64_t now_us;
};

/* One section: the members of the object being written. An error ends the answer. */
typedef enum error pack_section(struct pack *pack);
pack_section pack_streams, pack_stream_findings, pack_moves, pack_service_levels; /* of a week */
pack_section pack_new_items, pack_rescores, pack_signals;                         /* triage */
pack_section pack_shares, pack_launch, pack_quadrants, pack_decisions;            /* allocation */
pack_section pack_sweep_preview, pack_sweeps;                                     /* quarterly */
pack_section pack_views, pack_view_items;                                         /* joint */

#endif
