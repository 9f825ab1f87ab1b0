/*
 * What comes in immutable, numbered versions behind aliases (models, policies): each is listed, shown
 * and created in the same way. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_VERSIONED_H
#define WINNOW_HTTP_RESOURCES_VERSIONED_H

#include "http/resources/resource.h"
#include "service/catalogs.h"
#include "service/documents.h"

struct versioned {
	const char *plural; /* of the path and of the list: "models" */
	size_t (*count)(const struct catalog *catalog);
	/* The revision that wrote a version. */
	int64_t (*revision)(const struct catalog *catalog, int64_t version);
	/* Appends its one JSON object. */
	void (*write)(struct buf *out, const struct catalog *catalog, int64_t version);
	/* Whether it reads what is sensitive: then others see that it is there and what it is called. NULL: it cannot. */
	bool (*is_sensitive)(const struct catalog *catalog, int64_t version);
	struct str (*name)(const struct catalog *catalog, int64_t version);
	/* Puts alias by alias what it names. */
	void (*write_aliases)(struct json_writer *json, const struct catalog *catalog);
	/* A client's body to a canonical one; model_parse, policy_parse. */
	enum error (*parse)(const json_t *json, const struct catalog *catalog, struct arena *arena,
		struct diag *diag, struct str *body);
	/* model_create, policy_create. */
	enum error (*create)(const struct call *call, const struct document_source *source,
		int64_t *version, struct catalog **catalog, struct written *written);
};

/* All versions, newest first, and where the aliases point. */
enum error versioned_list(
	struct request *request, struct response *response, const struct versioned *thing);
/* {version} is the path's second parameter; one that does not exist is 404, never another. */
enum error versioned_show(
	struct request *request, struct response *response, const struct versioned *thing);
/* 201, or 200 when a version has this body already. */
enum error versioned_create(
	struct request *request, struct response *response, const struct versioned *thing);

#endif
