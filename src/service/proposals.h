/*
 * Proposals: a change that is written down with its effect, approved by others, and applied in one revision.
 * Who may approve is approval.h; what a change means to the documents is the caller's to judge, since it
 * reads JSON.
 */
#ifndef WINNOW_SERVICE_PROPOSALS_H
#define WINNOW_SERVICE_PROPOSALS_H

#include "codec/catalog.h"
#include "service/service.h"
#include "service/write.h"
#include "store/aggregates.h"

enum {
	PROPOSAL_MAX_DOCUMENTS = 2,
	PROPOSAL_DEFAULT_DAYS = 14,
	PROPOSAL_MAX_APPROVALS = 64,        /* that a list shows of one */
	PROPOSAL_MAX_OPEN = 50,             /* of a token */
	PROPOSAL_MAX_OPEN_BYTES = 16 << 20, /* bodies and effects of a workspace */
	PROPOSAL_LIST_MAX = 100,
};

struct override_input; /* service/overrides.h */

/* What applying a change writes. */
struct proposal_documents {
	const struct override_input *override;             /* to be made; NULL: none */
	struct override_row *revoked;                      /* to be ended; NULL: none */
	struct document documents[PROPOSAL_MAX_DOCUMENTS]; /* revision left empty */
	size_t count;
	const char *result; /* what comes of it: "model:4" */
};
struct proposal_change {
	enum approval_change change;
	struct str name;              /* the feature's; "" where there is but one */
	struct str body;              /* canonical JSON */
	struct str rationale, author; /* of the proposal; author absent: it is being made */
};
/* Judges a change as the direct write would be, against the catalogue that is in force under the lock. May
 * be called again. */
struct proposal_judge {
	enum error (*judge)(void *self, struct write *write, const struct proposal_change *change,
		struct catalog *catalog, struct proposal_documents *out);
	void *self;
};

/* What can be told of a proposal at a moment. */
enum proposal_state {
	PROPOSAL_OPEN,
	PROPOSAL_APPROVED, /* by enough, and to be applied by hand */
	PROPOSAL_APPLIED,
	PROPOSAL_BYPASSED, /* applied without approvals */
	PROPOSAL_REJECTED,
	PROPOSAL_WITHDRAWN,
	PROPOSAL_EXPIRED, /* by itself */
	PROPOSAL_STALE,   /* what it would replace, or what decides its effect, is another by now */
};
const char *proposal_state_name(enum proposal_state state);

struct proposal {
	struct proposal_row row;
	struct proposal_approval_row *approvals; /* oldest first */
	size_t approval_count;
	int64_t needed; /* now: the rules may have become stricter */
	enum proposal_state state;
};

struct proposal_request {
	struct proposal_change change;
	struct str effect; /* canonical JSON */
	struct str rationale;
};
/* ERR_INVALID, and what the judge says; ERR_CONFLICT: too much is open. */
enum error proposal_create(const struct call *call, const struct proposal_request *request,
	const struct proposal_judge *judge, struct proposal *out, struct written *written);

/*
 * Decisions. `digest`: that of the proposal as it was seen; ERR_STALE_PROPOSAL when it is another, or what
 * is to be changed has changed since. ERR_CONFLICT: it has ended, or expired. ERR_AGENT.
 */
struct proposal_decision {
	struct uuid id;
	struct sha256 digest; /* approve and bypass */
	struct str rationale;
};
/* ERR_SAME_PERSON. The last approval that is needed applies the change, in the same revision. */
enum error proposal_approve(const struct call *call, const struct proposal_decision *decision,
	const struct proposal_judge *judge, struct proposal *out, struct written *written);
/* One that is approved and to be applied by hand. */
enum error proposal_apply(const struct call *call, const struct proposal_decision *decision,
	const struct proposal_judge *judge, struct proposal *out, struct written *written);
/* At once and without approvals, by whom the rules name for it. ERR_FORBIDDEN: they do not. */
enum error proposal_bypass(const struct call *call, const struct proposal_decision *decision,
	const struct proposal_judge *judge, struct proposal *out, struct written *written);
enum error proposal_reject(const struct call *call, const struct proposal_decision *decision,
	struct proposal *out, struct written *written);
/* By the token that made it. ERR_FORBIDDEN. */
enum error proposal_withdraw(const struct call *call, const struct proposal_decision *decision,
	struct proposal *out, struct written *written);

/* Records the end of those that have expired, in one revision, "proposal.expire" by "system"; they count for
 * nothing without it. *count is how many. */
enum error proposals_expire(const struct call *call, size_t *count, struct written *written);

/* The next word of a body that could be a feature's name; false: there is none. */
bool proposal_next_word(struct str *rest, struct str *word);

enum error proposal_get(const struct call *call, const struct uuid *id, struct proposal *out,
	struct catalog **catalog, int64_t *revision);
/* As proposals_list(); the catalogue is a reference. Of effects there is the base alone, of large bodies that
 * have ended nothing. */
enum error proposal_list(const struct call *call, struct str state, int64_t before, size_t limit,
	struct proposal **out, size_t *count, struct catalog **catalog, int64_t *revision);

#endif
