/*
 * Sweeps of the icebox as the API shows them. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_SWEEP_VIEW_H
#define WINNOW_HTTP_RESOURCES_SWEEP_VIEW_H

#include "codec/json_writer.h"
#include "live/ranking.h"
#include "service/sweeps.h"

/* "id" … "promoted_count" of the object being written. */
void sweep_write_head(struct json_writer *json, const struct sweep_row *sweep);
/* "stale" and "promoted", with the items as the ranking has them. `view` tells what was closed; NULL: the sweep
 * is only looked at. Values of a feature that has become sensitive are null, unless `sensitive` ones are shown. */
void sweep_write_lists(struct json_writer *json, const struct ranking *ranking,
	const struct sweep_row *sweep, const struct sweep_view *view, bool sensitive);

#endif
