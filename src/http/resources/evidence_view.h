/*
 * How a score came about, for people and programs: the contributions of an additive model, the
 * evaluated tree of any other. Knows rows and models, no ranking, so that items that are not stored
 * are explained in the same way. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_EVIDENCE_VIEW_H
#define WINNOW_HTTP_RESOURCES_EVIDENCE_VIEW_H

#include "base/arena.h"
#include "codec/catalog.h"
#include "codec/json_writer.h"
#include "winnow/model.h"

struct ranking;

/* One row under one model. */
struct evidence_shown {
	const struct ranking *ranking;
	const struct model_version *version;
	const struct wn_model *model; /* the version, bound to the rows' words */
	const struct wn_rows *rows;
	size_t row; /* of `rows` */
	double now_s;
	struct wn_scored scored;
	struct str words[WN_WORDS]; /* the row's, those that a formula may name; absent: none */
};
struct evidence_shown evidence_of_row(const struct ranking *ranking, uint32_t row);

/* Room for explaining rows of one model, one after the other; in the arena. False when memory is
 * out. */
struct evidence_room {
	struct wn_contribution *contributions; /* NULL unless the model is additive */
	struct wn_step *steps;                 /* NULL if it is */
};
bool evidence_room_init(
	struct evidence_room *room, struct arena *arena, const struct model_version *version);

/* The word that a step of a tree stands for, whose number means nothing; absent: none. `version` is
 * the step's own model, of a blend the component. */
struct str evidence_word(const struct model_version *version, const struct str words[WN_WORDS],
	const struct wn_step *step);

/* "feature", or "fact", with the input's name. */
void evidence_put_input(struct json_writer *json, const struct feature_definition *input);

/* "contributions" and "sum", or "tree", of the object being written. */
void evidence_write(struct json_writer *json, const struct evidence_room *room,
	const struct evidence_shown *shown);

/* "reasons": what weighs most, at most three, in words. Where scores are hidden, families of inputs:
 * those that are open by what they weigh, then those that are not. */
void evidence_write_reasons(struct json_writer *json, const struct evidence_room *room,
	const struct evidence_shown *shown);

#endif
