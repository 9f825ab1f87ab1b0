/*
 * Documents: a new version under the lock, judged against the catalogue that is in force there.
 */
#include "service/documents.h"

#include <stdio.h>
#include <string.h>

#include "codec/json_writer.h"
#include "service/catalogs.h"
#include "store/aggregates.h"

/* The newest version of a document, as the catalogue knows it. */
struct newest {
	int64_t revision; /* 0: there is none */
	struct str body;  /* absent where the catalogue does not keep it */
};

static struct newest newest_of(const struct catalog *catalog, const char *kind, struct str name)
{
	if (strcmp(kind, "settings") == 0)
		return (struct newest){catalog->settings_revision, catalog->settings_body};
	if (strcmp(kind, "feature") == 0) {
		const struct feature_definition *feature = catalog_feature(catalog, name);

		return (struct newest){feature ? feature->revision : 0, STR_NONE};
	}
	if (strcmp(kind, "alias") == 0) {
		const struct alias *alias = catalog_alias(catalog, name);

		return (struct newest){alias ? alias->revision : 0, STR_NONE};
	}
	if (strcmp(kind, "mapping") == 0) {
		const struct mapping *mapping = catalog_mapping(catalog, name);

		return (struct newest){
			mapping ? mapping->revision : 0, mapping ? mapping->body : STR_NONE};
	}
	return (struct newest){0, STR_NONE};
}

/* The stored body of the newest version, where the catalogue has only its meaning. */
static enum error stored_body(
	struct write *write, const char *kind, struct str name, struct newest *newest)
{
	struct document *documents;
	size_t count;
	enum error error;

	if (newest->revision == 0 || newest->body.ptr)
		return ERR_OK;
	error = documents_load(tx_conn(write->tx), &write->call->workspace, newest->revision,
		write->call->arena, &documents, &count);
	for (size_t i = 0; !error && i < count; i++) {
		if (str_is(documents[i].kind, kind) && str_eq(documents[i].name, name))
			newest->body = documents[i].body;
	}
	return error;
}

static enum error append(struct write *write, const char *kind, struct str name, struct str body)
{
	struct document document = {
		.kind = str_from(kind),
		.name = name,
		.revision = write->change.revision,
		.body = body,
	};
	struct buf detail = BUF_INIT;
	const char *subject, *action;
	enum error error;

	error = documents_append(&write->change, &document);
	if (error)
		return error;
	write->change.config_revision = write->change.revision;
	action = arena_printf(write->call->arena, "%s.put", kind);
	subject = arena_printf(write->call->arena, "%s:%.*s", kind, STR_ARG(name));
	buf_puts(&detail, "{\"body\":");
	buf_str(&detail, body);
	buf_putc(&detail, '}');
	error = action && subject && !detail.failed
			? write_finish(write, action, subject, buf_view(&detail))
			: ERR_NO_MEMORY;
	buf_release(&detail);
	return error;
}

struct putting {
	const struct document_put *put;
	bool created;
	struct catalog *catalog; /* that the attempt met; a reference */
};

static enum error put_in(
	struct write *write, struct putting *putting, const struct catalog *catalog)
{
	const struct document_put *put = putting->put;
	struct newest newest = newest_of(catalog, put->kind, put->name);
	char tag[32];
	struct str body;
	enum error error;

	/* A condition counts only where the request would succeed without it (RFC 9110 §13.2.1). */
	error = put->source.parse(
		put->source.self, catalog, write->call->arena, write->call->diag, &body);
	if (error)
		return error;
	snprintf(tag, sizeof tag, "r%lld", (long long)newest.revision);
	error = put->precondition->check(put->precondition->self, newest.revision ? tag : NULL);
	if (!error)
		error = stored_body(write, put->kind, put->name, &newest);
	if (error)
		return error;
	putting->created = newest.revision == 0;
	write->nothing = newest.body.ptr && str_eq(newest.body, body);
	return write->nothing ? ERR_OK : append(write, put->kind, put->name, body);
}

/* The catalogue in force under the lock, instead of what an attempt before has met. */
static enum error meet_catalog(struct write *write, struct catalog **catalog)
{
	catalog_unref(*catalog);
	*catalog = NULL;
	return catalogs_at(write->call->service->catalogs, tx_conn(write->tx),
		&write->call->workspace, write->change.config_revision, catalog);
}

static enum error put_body(struct write *write, void *arg)
{
	struct putting *putting = arg;
	enum error error = meet_catalog(write, &putting->catalog);

	return error ? error : put_in(write, putting, putting->catalog);
}

/* What the write left, not what others have written since; `met` is the caller's reference. */
static enum error catalog_after(const struct call *call, enum error error,
	const struct written *written, struct catalog *met, struct catalog **out)
{
	if (!error && !written->changed) {
		*out = met;
		return ERR_OK;
	}
	catalog_unref(met);
	return error ? error : catalog_as_of(call, written->revision, out);
}

enum error document_put(const struct call *call, const struct document_put *put, bool *created,
	struct catalog **catalog, struct written *written)
{
	struct putting putting = {.put = put};
	enum error error = write_run(call, &call->workspace, put_body, &putting, written);

	*created = putting.created;
	return catalog_after(call, error, written, putting.catalog, catalog);
}

struct modelling {
	const struct document_source *source;
	int64_t version;
	struct catalog *catalog; /* that the attempt met; a reference */
};

static enum error model_in(
	struct write *write, struct modelling *modelling, const struct catalog *catalog)
{
	const char *name;
	struct str body;
	enum error error = modelling->source->parse(
		modelling->source->self, catalog, write->call->arena, write->call->diag, &body);

	if (error)
		return error;
	for (size_t i = 0; i < catalog->model_count; i++) {
		if (!str_eq(catalog->models[i].body, body))
			continue;
		modelling->version = catalog->models[i].version;
		write->nothing = true;
		return ERR_OK;
	}
	modelling->version = (int64_t)catalog->model_count + 1;
	name = arena_printf(write->call->arena, "%lld", (long long)modelling->version);
	return name ? append(write, "model", str_from(name), body) : ERR_NO_MEMORY;
}

static enum error model_body(struct write *write, void *arg)
{
	struct modelling *modelling = arg;
	enum error error = meet_catalog(write, &modelling->catalog);

	return error ? error : model_in(write, modelling, modelling->catalog);
}

enum error model_create(const struct call *call, const struct document_source *source,
	int64_t *version, struct catalog **catalog, struct written *written)
{
	struct modelling modelling = {.source = source};
	enum error error = write_run(call, &call->workspace, model_body, &modelling, written);

	*version = modelling.version;
	return catalog_after(call, error, written, modelling.catalog, catalog);
}
