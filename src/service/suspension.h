/*
 * Stopping the active model, letting it go on, and setting a model or a policy back to a version that was
 * in force before. Each in one call, one revision, with a rationale.
 *
 * What stands in for a suspended model is a model version of kind fixed_order behind the alias "active": so
 * a receipt names it, a replay and a bundle have it, and an explanation shows it.
 */
#ifndef WINNOW_SERVICE_SUSPENSION_H
#define WINNOW_SERVICE_SUSPENSION_H

#include "service/service.h"
#include "service/write.h"
#include "store/aggregates.h"

/* So many ranks of a kept ranking are its fallback; what stood behind them follows as newcomers do. */
enum { FALLBACK_RANKS_MAX = 100000 };

struct suspend_request {
	struct str fallback; /* "rules", "last_approved_ranking" */
	struct str
		ranking; /* kept; absent: the last one that a model has ranked and no agent has kept */
	struct str rationale;
};
/* What was done, and the version that ranks since. */
struct intervened {
	struct intervention_row row;
	int64_t version; /* behind the alias "active" since: of models, or of policies */
	int64_t ranks;   /* that a fallback has */
};

/* ERR_INVALID with faults; ERR_CONFLICT: it is suspended, or there is no kept ranking. */
enum error model_suspend(const struct call *call, const struct suspend_request *request,
	struct intervened *out, struct written *written);
/* `model`: a version that was active before; 0: the one that is suspended. ERR_CONFLICT: none is. */
enum error model_resume(const struct call *call, int64_t model, struct str rationale,
	struct intervened *out, struct written *written);
/* One of the two is 0. A version that was approved before needs no second approval. ERR_CONFLICT: it
 * never was active, it is now, or the model is suspended. ERR_APPROVAL_REQUIRED, while a rule is in force: it came by
 * a bypass, or was gone back from; the same for a version that model_resume is given. */
enum error version_rollback(const struct call *call, int64_t model, int64_t policy,
	struct str rationale, struct intervened *out, struct written *written);

/* Newest first, with revision < before, `limit` at the most; in the call's arena. *revision is the workspace's,
 * that the answer reflects. */
enum error intervention_list(const struct call *call, int64_t before, size_t limit,
	struct intervention_row **out, size_t *count, int64_t *revision);

#endif
