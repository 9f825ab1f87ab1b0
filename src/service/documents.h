/*
 * What is configured: settings, feature definitions, models, policies, contracts, their aliases, calendars,
 * launches, mappings. Each write is a new version; none is changed in place.
 */
#ifndef WINNOW_SERVICE_DOCUMENTS_H
#define WINNOW_SERVICE_DOCUMENTS_H

#include "codec/catalog.h"
#include "service/service.h"
#include "service/write.h"

/*
 * Turns the client's body into a document's canonical body, judged against the catalogue that is
 * in force under the lock. Made by the HTTP layer, which holds the JSON. May be called again.
 */
struct document_source {
	enum error (*parse)(void *self, const struct catalog *catalog, struct arena *arena,
		struct diag *diag, struct str *body);
	void *self;
};

struct document_put {
	const char *kind; /* "settings", "feature", "alias", "policy_alias", "calendar", "mapping",
		             "business_hours", "slas", "contract_alias", "launch", "recurrence", "model_card",
			     "policy_card" */
	struct str name;
	const struct precondition *precondition; /* tag "r<revision>" of the newest version */
	struct document_source source;
};

/* Stores a new version unless it equals the newest. *created: there was none before. The catalogue
 * after the write is given as a reference. */
enum error document_put(const struct call *call, const struct document_put *put, bool *created,
	struct catalog **catalog, struct written *written);

/* The catalogue as document_put would leave it, with all its refusals; nothing is written. A reference. */
enum error document_candidate(
	const struct call *call, const struct document_put *put, struct catalog **out);

/* The catalogue of a revision with one document more, which the caller has judged; nothing is written. A
 * reference. */
enum error document_trial(const struct call *call, int64_t revision, const struct document *added,
	struct catalog **out);

/* Deletes a feature, a calendar, a launch, business hours or a recurrence: its newest version says so from then
 * on. ERR_NOT_FOUND when there is none; ERR_IN_USE with a fault for each user (model, policy, mapping, SLA rule). */
enum error document_delete(const struct call *call, const char *kind, struct str name,
	const struct precondition *precondition, struct written *written);

/* A new model version; one with the same body as an existing version is that version
 * (written->changed is false). */
enum error model_create(const struct call *call, const struct document_source *source,
	int64_t *version, struct catalog **catalog, struct written *written);
/* The same for policies, and for contracts. */
enum error policy_create(const struct call *call, const struct document_source *source,
	int64_t *version, struct catalog **catalog, struct written *written);
enum error contract_create(const struct call *call, const struct document_source *source,
	int64_t *version, struct catalog **catalog, struct written *written);

/* ---- inside a write of more than one thing ---- */

/* One more version of a document, where there is room; write_finish is the caller's. */
enum error document_add(struct write *write, const struct catalog *catalog, const char *kind,
	struct str name, struct str body);
/* The revision that wrote what there is now; 0: there is none. */
int64_t document_revision(const struct catalog *catalog, const char *kind, struct str name);
/* The body that says that it is gone; as document_delete, of the same kinds. Also without a write. */
enum error document_deletion(const struct call *call, const struct catalog *catalog,
	const char *kind, struct str name, struct str *body);
/* The version of a model (or policy) of this body, which is to be added where *added. */
int64_t model_version_of(const struct catalog *catalog, struct str body, bool *added);
int64_t policy_version_of(const struct catalog *catalog, struct str body, bool *added);

#endif
