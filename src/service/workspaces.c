/*
 * Workspaces: creating one writes in two logs at once, the system's and its own first revision.
 */
#include "service/workspaces.h"

#include <stdio.h>

#include "base/sha256.h"
#include "codec/catalog.h"
#include "codec/json_writer.h"
#include "live/live.h"
#include "service/kept.h"

enum { WORKSPACE_MAX_NAME = 63, WORKSPACE_MAX_TITLE = 255 };

static bool name_is_slug(struct str name)
{
	if (name.len < 1 || name.len > WORKSPACE_MAX_NAME || name.ptr[0] < 'a' || name.ptr[0] > 'z')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return true;
}

static enum error check(const struct call *call, struct str name, struct str title)
{
	struct uuid ignored;

	if (!name_is_slug(name))
		diag_add(call->diag, "/name",
			"A name has 1 to %d characters of a-z, 0-9 and '-', beginning with a "
			"letter.",
			WORKSPACE_MAX_NAME);
	else if (uuid_from_text(name, &ignored))
		diag_add(call->diag, "/name", "A name must not look like a UUID.");
	if (title.len > WORKSPACE_MAX_TITLE)
		diag_add(
			call->diag, "/title", "A title has at most %d bytes.", WORKSPACE_MAX_TITLE);
	return call->diag->count ? ERR_INVALID : ERR_OK;
}

struct creation {
	struct workspace_row *row;
};

/* The new workspace's revision 1: everything that it is configured with by default. */
static enum error write_first_revision(struct write *write, const struct workspace_row *row)
{
	const struct call *call = write->call;
	struct change_info info = {
		.actor = call_actor(call),
		.action = "workspace.initialise",
		.subject = "",
		.request_id = call->request_id,
	};
	struct change change = {0};
	enum error error;

	error = tx_workspace(write->tx, &row->id);
	if (!error)
		error = workspace_head_create(write->tx, &row->id, row->salt);
	if (!error)
		error = change_begin(
			write->tx, &row->id, call->service->clock, &write->attempt, &change);
	for (size_t i = 0; !error && i < default_document_count; i++)
		error = documents_append(&change, &default_documents[i]);
	change.config_revision = change.revision;
	if (!error)
		error = change_finish(&change, &info, STR("{}"));
	change_release(&change);
	return error ? error : tx_workspace(write->tx, &system_workspace);
}

static enum error create_body(struct write *write, void *arg)
{
	struct creation *creation = arg;
	struct workspace_row *row = creation->row, taken;
	struct buf detail = BUF_INIT;
	struct json_writer json;
	char id[UUID_TEXT_SIZE];
	const char *subject;
	enum error error;

	error = workspace_find(tx_conn(write->tx), row->name, write->call->arena, &taken);
	if (!error) {
		diag_add(write->call->diag, "/name",
			taken.removed
				? "A removed workspace had this name; names are not given again."
				: "There is a workspace of this name already.");
		return ERR_CONFLICT;
	}
	if (error != ERR_NOT_FOUND)
		return error;
	row->revision = write->change.revision;
	error = workspace_append(&write->change, row);
	if (error)
		return error;
	json_writer_init(&json, &detail);
	json_object_begin(&json);
	json_put(&json, "name", str, row->name);
	json_object_end(&json);
	subject = arena_printf(write->call->arena, "workspace:%s", uuid_to_text(&row->id, id));
	error = subject && !detail.failed
			? write_finish(write, "workspace.create", subject, buf_view(&detail))
			: ERR_NO_MEMORY;
	buf_release(&detail);
	kept_put_uuid(&write->kept, &row->id);
	return error ? error : write_first_revision(write, row);
}

/* Name and title are the request's. */
static enum error create_recall(struct write *write, struct kept *kept, void *arg)
{
	struct creation *creation = arg;

	creation->row->id = kept_uuid(kept);
	creation->row->revision = write->written.revision;
	return ERR_OK;
}

enum error workspace_create(const struct call *call, struct str name, struct str title,
	struct workspace_row *out, struct written *written)
{
	static const struct write_steps steps = {create_body, create_recall};
	struct creation creation = {.row = out};
	enum error error = check(call, name, title);

	if (error)
		return error;
	*out = (struct workspace_row){
		.name = name,
		.title = title.ptr ? title : name,
		.head_revision = 1,
	};
	uuid_random(&out->id);
	if (!random_bytes(out->salt, sizeof out->salt))
		return ERR_INTERNAL;
	return write_once(call, &system_workspace, &steps, &creation, written);
}

static enum error in_system(const struct call *call,
	enum error (*read)(const struct call *call, struct conn *conn, void *arg), void *arg)
{
	struct conn *conn;
	enum error error = store_acquire(call->service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = read(call, conn, arg);
		read_end(conn);
	}
	store_release(call->service->store, conn);
	return error;
}

static enum error read_one(const struct call *call, struct conn *conn, void *arg)
{
	struct workspace_row *out = arg;
	char id[UUID_TEXT_SIZE];
	enum error error = workspace_find(
		conn, str_from(uuid_to_text(&call->workspace, id)), call->arena, out);

	return !error && out->removed ? ERR_NOT_FOUND : error;
}

enum error workspace_get(const struct call *call, struct workspace_row *out)
{
	return in_system(call, read_one, out);
}

struct listing {
	struct str after_name;
	size_t limit;
	struct workspace_row **out;
	size_t *count;
};

static enum error read_list(const struct call *call, struct conn *conn, void *arg)
{
	struct listing *listing = arg;

	return workspaces_list(conn, listing->after_name, listing->limit, call->arena, listing->out,
		listing->count);
}

enum error workspace_list(const struct call *call, struct str after_name, size_t limit,
	struct workspace_row **out, size_t *count)
{
	struct listing listing = {after_name, limit, out, count};

	return in_system(call, read_list, &listing);
}

/* The workspace's last record and, with it, its lock: who waits for that finds no workspace. */
static enum error close_workspace(struct write *write, const struct precondition *precondition)
{
	const struct call *call = write->call;
	struct change_info info = {
		.actor = call_actor(call),
		.action = "workspace.remove",
		.subject = "",
		.request_id = call->request_id,
	};
	struct change change = {0};
	char tag[32];
	enum error error = tx_workspace(write->tx, &call->workspace);

	if (!error)
		error = change_begin(write->tx, &call->workspace, call->service->clock,
			&write->attempt, &change);
	if (error)
		return error;
	snprintf(tag, sizeof tag, "r%lld", (long long)change.revision - 1);
	error = precondition->check(precondition->self, tag);
	if (!error)
		error = change_finish(&change, &info, STR("{}"));
	if (!error)
		error = workspace_head_remove(write->tx, &call->workspace);
	change_release(&change);
	return error ? error : tx_workspace(write->tx, &system_workspace);
}

static enum error remove_body(struct write *write, void *arg)
{
	const struct call *call = write->call;
	char id[UUID_TEXT_SIZE];
	struct workspace_row row;
	const char *subject;
	enum error error;

	uuid_to_text(&call->workspace, id);
	error = workspace_find(tx_conn(write->tx), str_from(id), call->arena, &row);
	if (!error)
		error = close_workspace(write, arg);
	if (error)
		return error;
	row.removed = true;
	row.revision = write->change.revision;
	error = workspace_append(&write->change, &row);
	if (error)
		return error;
	subject = arena_printf(call->arena, "workspace:%s", id);
	return subject ? write_finish(write, "workspace.remove", subject, STR("{}"))
		       : ERR_NO_MEMORY;
}

enum error workspace_remove(
	const struct call *call, const struct precondition *precondition, struct written *written)
{
	struct precondition copy = *precondition;
	enum error error = write_run(call, &system_workspace, remove_body, &copy, written);

	if (error)
		return error; /* what is cached must last through an outage */
	auth_forget(call->service->auth);
	live_forget(call->service->live, &call->workspace);
	return ERR_OK;
}
