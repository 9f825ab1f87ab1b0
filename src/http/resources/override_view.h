/*
 * Showing an override: with people's words where it is asked for itself, without them beside a
 * ranked item. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_OVERRIDE_VIEW_H
#define WINNOW_HTTP_RESOURCES_OVERRIDE_VIEW_H

#include "base/map.h"
#include "http/resources/resource.h"
#include "live/ranking.h"
#include "service/items.h"
#include "store/aggregates.h"

/* How items are called that a ranking does not know, because they arrived after it. */
struct item_names {
	struct item_list list;
	struct uuid_map places;
};
/* Of these items, but for those of the ranking (NULL: none). Release in any case. */
enum error item_names_of(const struct call *call, const struct ranking *ranking,
	const struct uuid *ids, size_t count, struct item_names *out);
/* Of the items that the overrides are about, and of their targets. */
enum error item_names_load(const struct call *call, const struct ranking *ranking,
	const struct override_row *overrides, size_t count, struct item_names *out);
void item_names_release(struct item_names *names);
/* {"id", "source", "external_id", "title"}, as far as ranking and names (NULL: none) know it. */
void item_name_write(struct json_writer *json, const struct ranking *ranking,
	const struct item_names *names, const struct uuid *id);

/* What a body says of a new override; faults are left in the request's diag, the service has more. */
struct override_input; /* service/overrides.h */
void override_input_read(struct request *request, const json_t *body, struct override_input *out);

struct override_shown {
	const struct override_row *override;
	int64_t now_us; /* its state is the one at this time */
	bool texts;     /* it was read with its texts: "justification" and "link" are members */
	const struct ranking
		*ranking; /* tells its effect, and the names of items; NULL, or scores are hidden:
			     "effect" is null */
	const struct item_names
		*names; /* of items that the ranking does not know; NULL: ids alone */
};
/* One JSON object. */
void override_write(struct json_writer *json, const struct override_shown *shown);

/* "applied", "defeated" or "without_effect". */
const char *override_fate_name(enum wn_fate fate);
/* The override's index in ranking->overrides->rows and ranking->decision.fates;
 * ranking->overrides->count when it is not in force there. */
size_t override_find(const struct ranking *ranking, const struct override_row *override);
/* {"ranking", "fate", "by"}: what became of that override. `by` is null unless it was defeated, else
 * {"rule": {"id", "reason"}}, {"override": id} or {"item": {…}}. */
void override_write_effect(struct json_writer *json, const struct ranking *ranking, size_t index);

#endif
