/*
 * Work that comes back: an item that is raised once a week, a month or a quarter (retraining, monitoring,
 * scoring again). Documents of kind "recurrence" (name: its own). docs/findings.md has the form.
 */
#ifndef WINNOW_CODEC_RECURRENCE_H
#define WINNOW_CODEC_RECURRENCE_H

#include "codec/item.h"

enum { RECURRENCES_MAX = 64 };
#define RECURRENCE_SOURCE STR("winnow") /* of the items that are raised */

enum recurrence_period { EVERY_WEEK, EVERY_MONTH, EVERY_QUARTER };
struct recurrence {
	struct str name;
	int64_t revision; /* that wrote it */
	struct str body;  /* as it is stored */
	enum recurrence_period period;
	int64_t start_s;            /* 00:00 UTC; nothing is raised before */
	const struct str *features; /* that its items are given */
	size_t feature_count;
};
/* NULL: there is none of this name. Lives as long as the catalogue. */
const struct recurrence *catalog_recurrence(const struct catalog *catalog, struct str name);

/* What a period is called: "2026-W48", "2026-11", "2026-Q4"; of UTC. Returns text. */
enum { PERIOD_KEY_SIZE = 16 };
char *recurrence_key(enum recurrence_period period, int64_t s, char text[PERIOD_KEY_SIZE]);

/* {"title", "stream", "kind", "team", "labels", "features", "period", "start"}; what is of the item is judged as
 * an item is. *body, in the arena, is the document. ERR_INVALID with all faults; ERR_NO_MEMORY. */
enum error recurrence_parse(const struct json_t *json, const struct catalog *catalog,
	struct arena *arena, struct diag *diag, struct str *body);
/* "<name>/<key>", in the arena; NULL when that is full. */
const char *recurrence_external_id(
	const struct recurrence *recurrence, const char *key, struct arena *arena);
/* The item of a period, titled "<title> (<key>)", as item_input_parse reads it: in the arena, with its faults
 * and errors. */
enum error recurrence_item(const struct recurrence *recurrence, const char *key,
	const struct catalog *catalog, const char *pointer, struct arena *arena, struct diag *diag,
	struct item_input *out);
/* Appends its JSON object as the API shows it. */
void recurrence_write(struct buf *out, const struct recurrence *recurrence);

#endif
