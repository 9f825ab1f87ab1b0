/*
 * Moves of items between two rankings as JSON and in words. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_MOVEMENT_VIEW_H
#define WINNOW_HTTP_RESOURCES_MOVEMENT_VIEW_H

#include "codec/json_writer.h"
#include "service/movement.h"

/* Two rankings, and how an item stands in them. */
struct movement_shown {
	const struct ranking *from, *to;
	const struct item_movement *move;
};

/* "item": the row of the later ranking that knows it. */
void movement_write_item(struct json_writer *json, const struct movement_shown *shown);
/* "rank", "score", "band", "standing", "by" of the object being written. */
void movement_write_standing(struct json_writer *json, const struct ranking *ranking,
	const struct item_standing *standing);
/* "reason" and "text" of an item that only one of them ranks. */
void movement_write_reason(struct json_writer *json, const struct movement_shown *shown);
/* Members "a", "b", "common", "tau", "churn", "entered", "left", "moved": one object, of two rankings, with at
 * most `limit` moves and their causes. Takes as long as so many movement_of. */
enum error movement_write_difference(struct json_writer *json, const struct ranking *from,
	const struct ranking *to, size_t limit, size_t top);
/* "change", "ranks", "text", "causes". */
void movement_write_causes(struct json_writer *json, const struct movement_shown *shown);

#endif
