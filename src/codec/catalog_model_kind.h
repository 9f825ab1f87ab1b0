/*
 * What a kind of model has to bring to the codec: one file defines one `struct model_form`, one line
 * of the table in catalog_model.c lists it. What all kinds share (name, description, inputs, bands,
 * pins) stays in catalog_model.c and catalog_model_input.c.
 *
 * A reader adds every fault to diag. False without a fault means that memory is out.
 */
#ifndef WINNOW_CODEC_CATALOG_MODEL_KIND_H
#define WINNOW_CODEC_CATALOG_MODEL_KIND_H

#include "codec/catalog_internal.h"
#include "codec/json_writer.h"

/*
 * A model while it is read. What is faulty already must not be reported again by the engine in other
 * words, so a faulty term is replaced by a sound one and marked, and so is a faulty band.
 */
struct model_draft {
	const struct model_lookup *lookup;
	struct arena *arena;
	struct diag *diag;
	const char *list; /* where the terms are: "/terms", "/inputs" … */
	struct wn_term terms[WN_MAX_TERMS];
	const struct feature_definition *features[WN_MAX_TERMS]; /* NULL: not known */
	const char *places[WN_MAX_TERMS];                        /* each term's pointer */
	bool listed[WN_MAX_TERMS]; /* by the client, else taken from a text */
	bool term_bad[WN_MAX_TERMS];
	size_t term_count;
	struct wn_band bands[WN_MAX_BANDS];
	bool band_bad[WN_MAX_BANDS];
	size_t band_count;
	bool kind_bad, list_bad;
	/* What the kind's reader fills in. */
	const void *spec;
	const struct str *words;
	size_t word_count;
	struct str expression;
	const struct model_version **components;
};

/* What a term of a kind may hold besides feature, unknown and default. A fact has no definition, so its
 * bounds are the term's own; nor is one that is missing a value that somebody may still find out, so it spans
 * nothing: it counts as its worse end unless the term says otherwise. */
struct input_form {
	const char *key;              /* of the list */
	const char *const *keys;      /* of a term */
	const char *const *fact_keys; /* of a term that names a fact of items; NULL: none does */
	size_t least, most;           /* terms in the list */
	bool weight_required;
	bool has_weight, has_scale, has_goal;
	const char *shape; /* a sentence */
};
extern const struct input_form plain_inputs; /* feature, unknown, default */

/* The list at `pointer`/<form->key> of `object`, added to the draft's terms. */
bool draft_read_inputs(struct model_draft *draft, const json_t *object, const char *pointer,
	const struct input_form *form);
/* Adds an input that the client did not list: unknown spans. NULL when there is room, and the
 * feature is fit; else a clause that says why not. */
const char *draft_add_input(
	struct model_draft *draft, const struct feature_definition *feature, const char *place);
/* The definition that a name stands for, as the draft pins it; NULL: unknown or deleted. */
const struct feature_definition *draft_feature(const struct model_draft *draft, struct str name);
/* Index of the term that reads this feature, from `begin` on; SIZE_MAX when none does. */
size_t draft_input(const struct model_draft *draft, size_t begin, struct str name);
bool draft_any_bad(const struct model_draft *draft);

/* The list of terms [begin, begin + count) as the stored body has them; NULL: out of memory. */
json_t *inputs_tree(const struct model_version *model, size_t begin, size_t count,
	const struct input_form *form);
void inputs_write(struct json_writer *json, const struct model_version *model, size_t begin,
	size_t count, const struct input_form *form);

/* "3*user_impact + 2*(120 - effort)/120": weighed terms for people (catalog_formula.c). */
void terms_formula(struct buf *out, const struct model_version *model, size_t begin, size_t count);

/* Words to symbols for one binding. */
struct model_binding {
	const struct word_lookup *words;
	struct arena *arena;
};
/* symbols[1 + i] of the model's word i; NULL when memory is out. */
uint32_t *binding_symbols(const struct model_binding *binding, const struct model_version *model);

struct model_form {
	const char *name;        /* the engine's kind of the same name computes it */
	const char *const *keys; /* of the model, besides the common ones */
	/* Inputs and spec. */
	bool (*read)(struct model_draft *draft, const json_t *json);
	/* Bands for a model without any; NULL: bands are required. */
	bool (*own_bands)(struct model_draft *draft);
	/* The engine's pointer in terms of the JSON, NULL when it is not the kind's own; NULL: none. */
	const char *(*place)(struct model_draft *draft, const char *pointer);
	/* Puts the members that are the kind's own into the stored body; 0, or not when memory is out. */
	int (*tree)(const struct model_version *model, json_t *tree);
	/* The members that are the kind's own, for readers of the API. */
	void (*write)(struct json_writer *json, const struct model_version *model);
	/* The model in one line for people. */
	void (*formula)(struct buf *out, const struct model_version *model);
	/* Puts symbols and components into *out, which begins as a copy; NULL: nothing to do. */
	bool (*bind)(const struct model_version *model, const struct model_binding *binding,
		struct wn_model *out);
};

extern const struct model_form model_form_weighted_sum;
extern const struct model_form model_form_expression;
extern const struct model_form model_form_decision_table;
extern const struct model_form model_form_pareto;
extern const struct model_form model_form_pairwise;
extern const struct model_form model_form_blend;
extern const struct model_form model_form_fixed_order;

#endif
