/*
 * What is configured by name (settings, features, aliases, mappings, calendars …): each is read,
 * put and deleted in the same way and differs in how it is judged and shown. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_CONFIGURED_H
#define WINNOW_HTTP_RESOURCES_CONFIGURED_H

#include "http/resources/resource.h"
#include "service/catalogs.h"
#include "service/documents.h"

struct configured {
	const char *kind; /* the document's: "feature" … */
	/* Judges a client's body (see document_source); `name` is the thing's. */
	enum error (*parse)(struct request *request, const json_t *json, struct str name,
		const struct catalog *catalog, struct arena *arena, struct diag *diag,
		struct str *body);
	/* The revision that wrote what there is now; 0: nothing that this caller may see. */
	int64_t (*revision)(
		const struct request *request, const struct catalog *catalog, struct str name);
	/* Appends its one JSON object. */
	void (*write)(struct buf *out, const struct catalog *catalog, struct str name);
};

/* Those that a proposal may be about: what it proposes is judged as the direct write would be. */
extern const struct configured configured_alias, configured_policy_alias, configured_feature,
	configured_settings, configured_approval_rules, configured_calendar, configured_hours,
	configured_slas, configured_contract_alias, configured_launch, configured_mapping;

/* GET of all, {"plural":[…]}: what stands between begin and end is the caller's. *catalog is a reference
 * that end gives back; none with any error. */
enum error configured_list_begin(struct request *request, struct response *response,
	const char *plural, struct catalog **catalog);
enum error configured_list_end(struct response *response, struct catalog *catalog);
/* Whether `name` is a slug; else says what `what` ("A calendar") is called. */
bool configured_judge_name(struct str name, const char *what, struct diag *diag);

/* GET: with ETag; ERR_NOT_FOUND when there is none. */
enum error configured_show(struct request *request, struct response *response,
	const struct configured *thing, struct str name);
/* PUT: 201 when it is new. */
enum error configured_put(struct request *request, struct response *response,
	const struct configured *thing, struct str name);
/* The same after the caller has looked at the query. */
enum error configured_put_any(struct request *request, struct response *response,
	const struct configured *thing, struct str name);

/* The body of a PUT, as the service takes it. After begin it must not be moved; end it where begin gave
 * ERR_OK. */
struct configured_body {
	struct request *request;
	const struct configured *thing;
	struct precondition precondition;
	struct document_put put;
	json_t *json;
};
enum error configured_body_begin(struct request *request, const struct configured *thing,
	struct str name, struct configured_body *out);
void configured_body_end(struct configured_body *body);

/* DELETE of a kind that document_delete knows: 204. */
enum error configured_delete(struct request *request, struct response *response,
	const struct configured *thing, struct str name);

#endif
