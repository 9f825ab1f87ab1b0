/*
 * Documents: a new version under the lock, judged against the catalogue that is in force there.
 */
#include "service/documents.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "codec/contract.h"
#include "codec/recurrence.h"
#include "codec/json_writer.h"
#include "service/approval.h"
#include "service/catalogs.h"
#include "service/kept.h"
#include "service/reading.h"
#include "store/aggregates.h"

/* The newest version of a document, as the catalogue knows it. */
struct newest {
	int64_t revision; /* 0: there is none */
	struct str body;  /* absent where the catalogue does not keep it */
};

/* A deleted feature or calendar is none: it is defined anew, not replaced. */
static struct newest newest_feature(const struct catalog *catalog, struct str name)
{
	const struct feature_definition *feature = catalog_live_feature(catalog, name);

	return (struct newest){feature ? feature->revision : 0, STR_NONE};
}

static struct newest newest_alias(const struct catalog *catalog, struct str name)
{
	const struct alias *alias = catalog_alias(catalog, name);

	return (struct newest){alias ? alias->revision : 0, STR_NONE};
}

static struct newest newest_policy_alias(const struct catalog *catalog, struct str name)
{
	const struct policy_alias *alias = catalog_policy_alias(catalog, name);

	return (struct newest){alias ? alias->revision : 0, STR_NONE};
}

static struct newest newest_contract_alias(const struct catalog *catalog, struct str name)
{
	const struct contract_alias *alias = catalog_contract_alias(catalog, name);

	return (struct newest){alias ? alias->revision : 0, STR_NONE};
}

static struct newest newest_launch(const struct catalog *catalog, struct str name)
{
	const struct launch *launch = catalog_launch(catalog, name);

	return launch ? (struct newest){launch->revision, launch->body}
		      : (struct newest){0, STR_NONE};
}

static struct newest newest_recurrence(const struct catalog *catalog, struct str name)
{
	const struct recurrence *recurrence = catalog_recurrence(catalog, name);

	return recurrence ? (struct newest){recurrence->revision, recurrence->body}
			  : (struct newest){0, STR_NONE};
}

static struct newest newest_calendar(const struct catalog *catalog, struct str name)
{
	const struct calendar *calendar = catalog_calendar(catalog, name);

	return calendar ? (struct newest){calendar->revision, calendar->body}
			: (struct newest){0, STR_NONE};
}

static struct newest newest_business_hours(const struct catalog *catalog, struct str name)
{
	const struct business_hours *hours = catalog_business_hours(catalog, name);

	return hours ? (struct newest){hours->revision, hours->body} : (struct newest){0, STR_NONE};
}

static struct newest newest_slas(const struct catalog *catalog, struct str name)
{
	(void)name;
	return catalog->slas ? (struct newest){catalog->slas->revision, catalog->slas->body}
			     : (struct newest){0, STR_NONE};
}

static struct newest newest_card(
	const struct catalog *catalog, enum card_kind kind, struct str name)
{
	uint64_t version;
	const struct version_card *card = num_parse_u64(name, &version)
						  ? catalog_card(catalog, kind, (int64_t)version)
						  : NULL;

	return card ? (struct newest){card->revision, card->body} : (struct newest){0, STR_NONE};
}

static struct newest newest_model_card(const struct catalog *catalog, struct str name)
{
	return newest_card(catalog, CARD_MODEL, name);
}

static struct newest newest_policy_card(const struct catalog *catalog, struct str name)
{
	return newest_card(catalog, CARD_POLICY, name);
}

static struct newest newest_mapping(const struct catalog *catalog, struct str name)
{
	const struct mapping *mapping = catalog_mapping(catalog, name);

	return mapping ? (struct newest){mapping->revision, mapping->body}
		       : (struct newest){0, STR_NONE};
}

static struct newest newest_settings(const struct catalog *catalog, struct str name)
{
	(void)name;
	return (struct newest){catalog->settings_revision, catalog->settings_body};
}

static struct newest newest_approval(const struct catalog *catalog, struct str name)
{
	(void)name;
	return (struct newest){catalog->approval.revision, catalog->approval.body};
}

static struct newest newest_of(const struct catalog *catalog, const char *kind, struct str name)
{
	static const struct {
		const char *kind;
		struct newest (*newest)(const struct catalog *catalog, struct str name);
	} kinds[] = {
		{"settings", newest_settings},
		{"feature", newest_feature},
		{"alias", newest_alias},
		{"policy_alias", newest_policy_alias},
		{"calendar", newest_calendar},
		{"contract_alias", newest_contract_alias},
		{"launch", newest_launch},
		{"recurrence", newest_recurrence},
		{"model_card", newest_model_card},
		{"policy_card", newest_policy_card},
		{"mapping", newest_mapping},
		{"business_hours", newest_business_hours},
		{"slas", newest_slas},
		{"approval_rules", newest_approval},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kind, kinds[i].kind) == 0)
			return kinds[i].newest(catalog, name);
	}
	return (struct newest){0, STR_NONE};
}

int64_t document_revision(const struct catalog *catalog, const char *kind, struct str name)
{
	return newest_of(catalog, kind, name).revision;
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

/* `verb` is what the audit log says was done: "put", "delete". */
static enum error append(
	struct write *write, const char *kind, struct str name, const char *verb, struct str body)
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
	action = arena_printf(write->call->arena, "%s.%s", kind, verb);
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

enum error document_add(struct write *write, const struct catalog *catalog, const char *kind,
	struct str name, struct str body)
{
	const struct document document = {
		.kind = str_from(kind),
		.name = name,
		.revision = write->change.revision,
		.body = body,
	};

	if (!catalog_has_room(catalog, body, write->call->diag))
		return ERR_INVALID;
	return documents_append(&write->change, &document);
}

/* A deletion needs no room: it is short, and follows something that was let in. */
static enum error add(struct write *write, const struct catalog *catalog, const char *kind,
	struct str name, struct str body)
{
	if (!catalog_has_room(catalog, body, write->call->diag))
		return ERR_INVALID;
	return append(write, kind, name, "put", body);
}

static enum error check_precondition(
	const struct precondition *precondition, const struct newest *newest)
{
	char tag[32];

	snprintf(tag, sizeof tag, "r%lld", (long long)newest->revision);
	return precondition->check(precondition->self, newest->revision ? tag : NULL);
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
	struct str body;
	enum error error;

	/* A condition counts only where the request would succeed without it (RFC 9110 §13.2.1). */
	error = put->source.parse(
		put->source.self, catalog, write->call->arena, write->call->diag, &body);
	if (error)
		return error;
	error = check_precondition(put->precondition, &newest);
	if (!error)
		error = stored_body(write, put->kind, put->name, &newest);
	if (error)
		return error;
	putting->created = newest.revision == 0;
	write->nothing = newest.body.ptr && str_eq(newest.body, body);
	if (write->nothing)
		return ERR_OK;
	error = approval_guard(catalog, put->kind, put->name, write->call->diag);
	return error ? error : add(write, catalog, put->kind, put->name, body);
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
	if (!error && !written->changed && !written->replayed) {
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

/* ---- on trial ---- */

enum { DOCUMENTS_BUDGET_BYTES = 256 << 20 };

/* All that was stored at a revision, with the one on trial behind it. */
static enum error build_with(const struct reading *reading, int64_t revision,
	const struct document *added, struct catalog **out)
{
	const struct uuid *workspace = &reading->call->workspace;
	struct document *documents, *all;
	struct arena arena;
	size_t count;
	enum error error;

	arena_init(&arena, DOCUMENTS_BUDGET_BYTES);
	error = documents_load(reading->conn, workspace, revision, &arena, &documents, &count);
	if (!error) {
		all = arena_array(&arena, count + 1, sizeof *all);
		error = all ? ERR_OK : ERR_NO_MEMORY;
	}
	if (!error) {
		if (count > 0)
			memcpy(all, documents, count * sizeof *all);
		all[count] = *added;
		error = catalog_build(all, count + 1, out);
	}
	arena_release(&arena);
	return error;
}

enum error document_trial(const struct call *call, int64_t revision, const struct document *added,
	struct catalog **out)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	*out = NULL;
	if (error)
		return error;
	error = build_with(&reading, revision, added, out);
	reading_end(&reading);
	return error;
}

static enum error judge(const struct reading *reading, const struct document_put *put,
	const struct catalog *catalog, struct document *out)
{
	const struct call *call = reading->call;
	struct newest newest = newest_of(catalog, put->kind, put->name);
	enum error error;

	*out = (struct document){
		.kind = str_from(put->kind),
		.name = put->name,
		.revision = reading->head.revision + 1,
	};
	error = put->source.parse(put->source.self, catalog, call->arena, call->diag, &out->body);
	if (!error)
		error = check_precondition(put->precondition, &newest);
	if (!error && !catalog_has_room(catalog, out->body, call->diag))
		error = ERR_INVALID;
	return error;
}

enum error document_candidate(
	const struct call *call, const struct document_put *put, struct catalog **out)
{
	struct catalog *catalog = NULL;
	struct document document;
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	*out = NULL;
	if (error)
		return error;
	error = catalogs_at(call->service->catalogs, reading.conn, &call->workspace,
		reading.head.config_revision, &catalog);
	if (!error)
		error = judge(&reading, put, catalog, &document);
	if (!error)
		error = build_with(&reading, reading.head.revision, &document, out);
	reading_end(&reading);
	catalog_unref(catalog);
	return error;
}

/* ---- deletion ---- */

static enum error in_use(struct diag *diag, struct str user)
{
	diag_add(diag, "", "It is used by %.*s.", STR_ARG(user));
	return ERR_IN_USE;
}

static enum error feature_tombstone(
	const struct call *call, const struct catalog *catalog, struct str name, struct str *body)
{
	const struct feature_definition *feature = catalog_live_feature(catalog, name);
	const struct str *users;
	size_t count;
	enum error error;

	if (!feature)
		return ERR_NOT_FOUND;
	error = catalog_feature_users(catalog, feature, call->arena, &users, &count);
	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		error = in_use(call->diag, users[i]);
	return error ? error : feature_deleted_body(feature, call->arena, body);
}

static enum error calendar_tombstone(
	const struct call *call, const struct catalog *catalog, struct str name, struct str *body)
{
	const struct str *users;
	size_t count;
	enum error error;

	if (!catalog_calendar(catalog, name))
		return ERR_NOT_FOUND;
	error = catalog_calendar_users(catalog, name, call->arena, &users, &count);
	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		error = in_use(call->diag, users[i]);
	*body = STR("{\"deleted\":true}");
	return error;
}

static enum error launch_tombstone(
	const struct call *call, const struct catalog *catalog, struct str name, struct str *body)
{
	(void)call;
	*body = STR("{\"deleted\":true}");
	return catalog_launch(catalog, name) ? ERR_OK : ERR_NOT_FOUND;
}

static enum error recurrence_tombstone(
	const struct call *call, const struct catalog *catalog, struct str name, struct str *body)
{
	(void)call;
	*body = STR("{\"deleted\":true}");
	return catalog_recurrence(catalog, name) ? ERR_OK : ERR_NOT_FOUND;
}

static enum error hours_tombstone(
	const struct call *call, const struct catalog *catalog, struct str name, struct str *body)
{
	const struct str *users;
	size_t count;
	enum error error;

	if (!catalog_business_hours(catalog, name))
		return ERR_NOT_FOUND;
	error = catalog_hours_users(catalog, name, call->arena, &users, &count);
	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		error = in_use(call->diag, users[i]);
	*body = STR("{\"deleted\":true}");
	return error;
}

typedef enum error make_tombstone(
	const struct call *call, const struct catalog *catalog, struct str name, struct str *body);

static make_tombstone *tombstone_of(const char *kind)
{
	if (strcmp(kind, "feature") == 0)
		return feature_tombstone;
	if (strcmp(kind, "launch") == 0)
		return launch_tombstone;
	if (strcmp(kind, "recurrence") == 0)
		return recurrence_tombstone;
	return strcmp(kind, "calendar") == 0 ? calendar_tombstone : hours_tombstone;
}

enum error document_deletion(const struct call *call, const struct catalog *catalog,
	const char *kind, struct str name, struct str *body)
{
	return tombstone_of(kind)(call, catalog, name, body);
}

struct deleting {
	const char *kind;
	struct str name;
	const struct precondition *precondition;
	/* The body that says that it is gone, unless something uses it. */
	make_tombstone *tombstone;
	struct catalog *catalog; /* that the attempt met; a reference */
};

static enum error delete_body(struct write *write, void *arg)
{
	struct deleting *deleting = arg;
	struct newest newest;
	struct str body;
	enum error error = meet_catalog(write, &deleting->catalog);

	if (error)
		return error;
	error = deleting->tombstone(write->call, deleting->catalog, deleting->name, &body);
	if (error)
		return error;
	newest = newest_of(deleting->catalog, deleting->kind, deleting->name);
	error = check_precondition(deleting->precondition, &newest);
	if (!error)
		error = approval_guard(
			deleting->catalog, deleting->kind, deleting->name, write->call->diag);
	return error ? error : append(write, deleting->kind, deleting->name, "delete", body);
}

enum error document_delete(const struct call *call, const char *kind, struct str name,
	const struct precondition *precondition, struct written *written)
{
	struct deleting deleting = {
		.kind = kind,
		.name = name,
		.precondition = precondition,
		.tombstone = tombstone_of(kind),
	};
	enum error error = write_run(call, &call->workspace, delete_body, &deleting, written);

	catalog_unref(deleting.catalog);
	return error;
}

/* ---- what comes in numbered versions ---- */

static size_t model_count(const struct catalog *catalog)
{
	return catalog->model_count;
}

static struct str model_text(const struct catalog *catalog, size_t i)
{
	return catalog->models[i].body;
}

static size_t policy_count(const struct catalog *catalog)
{
	return catalog->policy_count;
}

static struct str policy_text(const struct catalog *catalog, size_t i)
{
	return catalog->policies[i].body;
}

static size_t contract_count(const struct catalog *catalog)
{
	return catalog->contract_count;
}

static struct str contract_text(const struct catalog *catalog, size_t i)
{
	return catalog->contracts[i].body;
}

struct numbered {
	const char *kind;
	size_t (*count)(const struct catalog *catalog);
	struct str (*text)(const struct catalog *catalog, size_t i); /* of version i + 1 */
};
static const struct numbered numbered_model = {"model", model_count, model_text};
static const struct numbered numbered_policy = {"policy", policy_count, policy_text};
static const struct numbered numbered_contract = {"contract", contract_count, contract_text};

/* The one that has this body already, or the next. */
static int64_t version_of(const struct numbered *numbered, const struct catalog *catalog,
	struct str body, bool *added)
{
	size_t count = numbered->count(catalog);

	*added = false;
	for (size_t i = 0; i < count; i++) {
		if (str_eq(numbered->text(catalog, i), body))
			return (int64_t)i + 1;
	}
	*added = true;
	return (int64_t)count + 1;
}

int64_t model_version_of(const struct catalog *catalog, struct str body, bool *added)
{
	return version_of(&numbered_model, catalog, body, added);
}

int64_t policy_version_of(const struct catalog *catalog, struct str body, bool *added)
{
	return version_of(&numbered_policy, catalog, body, added);
}

struct creating {
	const struct numbered *numbered;
	const struct document_source *source;
	int64_t version;
	struct catalog *catalog; /* that the attempt met; a reference */
};

static enum error create_in(
	struct write *write, struct creating *creating, const struct catalog *catalog)
{
	const struct numbered *numbered = creating->numbered;
	const char *name;
	struct str body;
	bool added;
	enum error error = creating->source->parse(
		creating->source->self, catalog, write->call->arena, write->call->diag, &body);

	if (error)
		return error;
	creating->version = version_of(numbered, catalog, body, &added);
	write->nothing = !added;
	if (!added)
		return ERR_OK;
	name = arena_printf(write->call->arena, "%lld", (long long)creating->version);
	return name ? add(write, catalog, numbered->kind, str_from(name), body) : ERR_NO_MEMORY;
}

static enum error create_body(struct write *write, void *arg)
{
	struct creating *creating = arg;
	enum error error = meet_catalog(write, &creating->catalog);

	if (!error)
		error = create_in(write, creating, creating->catalog);
	kept_put_int(&write->kept, creating->version);
	return error;
}

static enum error create_recall(struct write *write, struct kept *kept, void *arg)
{
	(void)write;
	((struct creating *)arg)->version = kept_int(kept);
	return ERR_OK;
}

static enum error create(const struct call *call, struct creating *creating, int64_t *version,
	struct catalog **catalog, struct written *written)
{
	static const struct write_steps steps = {create_body, create_recall};
	enum error error = write_once(call, &call->workspace, &steps, creating, written);

	*version = creating->version;
	return catalog_after(call, error, written, creating->catalog, catalog);
}

enum error model_create(const struct call *call, const struct document_source *source,
	int64_t *version, struct catalog **catalog, struct written *written)
{
	struct creating creating = {.numbered = &numbered_model, .source = source};

	return create(call, &creating, version, catalog, written);
}

enum error policy_create(const struct call *call, const struct document_source *source,
	int64_t *version, struct catalog **catalog, struct written *written)
{
	struct creating creating = {.numbered = &numbered_policy, .source = source};

	return create(call, &creating, version, catalog, written);
}

enum error contract_create(const struct call *call, const struct document_source *source,
	int64_t *version, struct catalog **catalog, struct written *written)
{
	struct creating creating = {.numbered = &numbered_contract, .source = source};

	return create(call, &creating, version, catalog, written);
}
