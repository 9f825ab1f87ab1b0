/*
 * Weights of criteria: what people said of pairs of features ("impact matters three times as much
 * as effort"), made into weights by the analytic hierarchy process (winnow/pairwise.h).
 */
#ifndef WINNOW_SERVICE_CRITERIA_H
#define WINNOW_SERVICE_CRITERIA_H

#include "codec/catalog.h"
#include "service/service.h"
#include "service/write.h"
#include "winnow/pairwise.h"

/* Why a feature cannot be a criterion, a sentence; NULL: it can. */
const char *criterion_fault(const struct catalog *catalog, struct str name);

struct criteria_weights {
	struct str features[WN_AHP_MAX]; /* by name */
	double weights[WN_AHP_MAX];      /* they add up to 1 */
	size_t count;
	double lambda_max;
	double consistency;  /* Saaty's ratio */
	size_t judgements;   /* that went in: those between two of the features */
	int64_t newest;      /* the revision of the newest of them */
	struct written head; /* the workspace's, that was read; changed is false */
};

/* Saaty accepts judgements up to this consistency ratio. */
#define CRITERIA_ACCEPTABLE 0.1

/*
 * Of `features`, or, when count is 0, of all that were judged and can still be in a model.
 * ERR_INVALID, faults at "/features": fewer than 2 or more than WN_AHP_MAX, one that is no criterion
 * ("/features/<i>"), or groups that no judgement connects, which are named. Texts are the arena's.
 */
enum error criteria_weigh(const struct call *call, const struct str *features, size_t count,
	struct criteria_weights *out);

/* Why a pair is proposed; in the order of the proposals. */
enum criteria_need {
	CRITERIA_APART,     /* no judgements lead from one to the other */
	CRITERIA_UNJUDGED,  /* nobody compared the two themselves */
	CRITERIA_UNCERTAIN, /* what was said of them fits the other judgements least */
};
struct criteria_pair {
	struct str a, b;
	enum criteria_need need;
	size_t judgements; /* of this pair */
	double judged;     /* how many times as important a is, as was said (geometric mean); NaN */
	double implied;    /* the same, by the weights; NaN while they are apart */
};
struct criteria_pairs {
	struct criteria_pair *pairs; /* in the arena */
	size_t count;
	struct str features[WN_AHP_MAX]; /* in question */
	size_t feature_count;
	int64_t revision; /* the workspace's */
};
/* Of the features that the active model reads (the first WN_AHP_MAX of them, as the model lists
 * them), or of those judged when it reads none. Ties by the model's order. */
enum error criteria_to_compare(const struct call *call, size_t limit, struct criteria_pairs *out);

#endif
