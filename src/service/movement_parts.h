/*
 * What the files about movements share. Private to src/service.
 */
#ifndef WINNOW_SERVICE_MOVEMENT_PARTS_H
#define WINNOW_SERVICE_MOVEMENT_PARTS_H

#include "base/map.h"
#include "service/movement.h"

/* Scores of the first ranking's rows by one model as of the second's time; the item's own is put in
 * and taken out again. */
struct score_table {
	const struct wn_model *model;
	bool relative; /* nothing can be kept: each row's score depends on the others */
	bool ready;
	struct wn_scores scores;
};

/* What is in place once a cause has been put in, but for the item's own row. */
struct setting {
	bool differs; /* from the one before */
	struct score_table *scores;
	const struct wn_policy *policy;
	const struct wn_override *overrides;
	const struct override_row **override_rows; /* what they are of */
	size_t override_count;
	const struct wn_edge *edges;
	size_t edge_count;
	uint32_t *ranks; /* by row, with the item's own row as it was; NULL: not decided yet */
	size_t ranked;
};

struct movement {
	const struct ranking *from, *to;
	/* The first ranking's rows as of the second's time: time left of service levels goes on by itself. */
	struct wn_rows *runs;
	double *sla_left;
	struct wn_population population;
	struct arena arena;
	struct str_map symbols; /* of words that the second ranking knows, in the first's rows */
	uint32_t *rows;         /* by the second ranking's rows: the first's */
	struct wn_model model, reweighted, new_model;
	bool has_reweighted;
	struct score_table tables[3]; /* of those */
	struct setting settings[MOVED_BY_OTHERS];
	size_t links_gone, links_new;
	size_t arrived, departed;
};

/* ---- movement_settings.c ---- */
/* Fills in rows, models and settings, and how much arrived, departed and was linked otherwise. False when
 * memory is out. */
bool movement_prepare(struct movement *movement);
/* A word's symbol in the first ranking's rows; one of its own where no row has it. */
uint32_t movement_symbol(struct movement *movement, struct str word);

/* ---- movement_row.c: the item's own row ---- */
/* Whether the item's row in the second ranking says anything else. */
bool movement_row_differs(const struct movement *movement, uint32_t from, uint32_t to);
/* The run that holds the row, as if the row were the second ranking's; in the arena. False when memory
 * is out. */
bool movement_row_patch(struct movement *movement, uint32_t from, uint32_t to, struct arena *arena,
	struct wn_rows *out);

/* ---- movement_text.c ---- */
/* What is different between the rankings as to this cause, for people; NULL when memory is out. */
const char *movement_why(
	struct movement *movement, enum movement_cause cause, uint32_t from, uint32_t to);

#endif
