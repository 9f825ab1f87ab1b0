/*
 * What would have to be different for an item to be in a band, or at a rank: the smallest change
 * of one input of the model and of two, by wn_counterfactual, each proved by deciding the whole
 * ranking again with it. A rule that is in the way is lifted by other values of the features that it
 * looks at, where there are such (lift.h); where no value could do it, the rule or override is named.
 *
 * One answer takes so much effort (WN_EFFORT_USUAL) and so many decisions at the most, and tells
 * when that was not enough.
 */
#ifndef WINNOW_SERVICE_COUNTERFACTUAL_H
#define WINNOW_SERVICE_COUNTERFACTUAL_H

#include "service/lift.h"
#include "service/simulation.h"
#include "winnow/counterfactual.h"

struct counterfactual_target {
	uint8_t band;  /* of the ranking's model; WN_BAND_NONE: a rank is wanted */
	uint32_t rank; /* 1 … the number of ranked items */
	/* May be spent on the answer; 0: as many as go over so many rows. */
	size_t decisions;
};

/* Why no value can do it. */
enum counterfactual_bar {
	COUNTERFACTUAL_FREE,
	COUNTERFACTUAL_NOT_RANKED, /* its status does not rank */
	COUNTERFACTUAL_BY_RULE,    /* `by` of the policy: excluded, a cap of the band, a rank rule,
	                               another item pinned to the top; and no feature of the item
	                               that may be changed takes it off */
	COUNTERFACTUAL_BY_OVERRIDE, /* `by` of the ranking's: it is out, or its band or place given */
	COUNTERFACTUAL_RELATIVE,    /* the model's scores depend on the other items: not sought */
};

struct counterfactual_input {
	const struct feature_definition *feature;
	double from, to; /* NaN: unknown */
	bool any;        /* any other value than `to` will do as well */
};

/* A change that was found, and what it really does. */
struct counterfactual_way {
	size_t inputs; /* 0: none was found */
	struct counterfactual_input input[2];
	double size;  /* see winnow/counterfactual.h */
	double score; /* with boosts */
	uint32_t rank_after;
	const char *band_after;
	bool met; /* the target, in the order decided with it */
};

/* What takes rules off the item. */
enum { COUNTERFACTUAL_LIFTS = 4 };
struct counterfactual_lift {
	size_t rules; /* 0: none was in the way */
	uint32_t rule[COUNTERFACTUAL_LIFTS];
	size_t inputs;
	struct counterfactual_input input[LIFT_MAX];
	double score;
	uint32_t rank_after;
	const char *band_after;
	bool met;
};

struct counterfactual {
	bool already; /* the target is met as it is */
	enum counterfactual_bar bar;
	uint32_t by;
	uint32_t lifted_by; /* already, by this at_least_band rule; WN_ROW_NONE: by itself */
	double needed;      /* the score, with boosts, that was sought; NaN: not sought */
	bool exceed;        /* `needed` is to be exceeded, not only reached */
	struct counterfactual_lift lift;
	struct counterfactual_way single, pair; /* along with the lift; none where it is enough */
	bool complete; /* false: the search was cut, or rules said something else of the values that it
	                  found; a smaller change or any may be there */
};

/* ERR_NO_MEMORY, ERR_BUDGET. */
enum error counterfactual_find(const struct ranking *ranking, uint32_t row,
	const struct counterfactual_target *target, struct arena *arena,
	struct counterfactual *out);

#endif
