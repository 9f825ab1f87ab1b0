/*
 * Tokens and grants: made, withdrawn, listed; each an audited change.
 */
#include "service/tokens.h"

#include <string.h>

#include "codec/item.h"
#include "codec/json_writer.h"
#include "service/approval.h"
#include "service/catalogs.h"
#include "service/kept.h"

enum { MAX_SOURCES = 100 };

static bool is_system(const struct call *call)
{
	return uuid_cmp(&call->workspace, &system_workspace) == 0;
}

/* Role names for a workspace's token, or for an operator's. */
static void check_roles(const struct call *call, const struct str *roles, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *pointer = diag_index(call->diag, "/roles", i);
		uint32_t role = role_from_name(roles[i]);

		if (is_system(call) ? role != ROLE_OPERATOR : !(role & ROLES_ANY_MEMBER))
			diag_add(call->diag, pointer,
				is_system(call)
					? "The only role here is operator."
					: "Not a role: reader, contributor, reviewer, admin "
					  "or auditor.");
		for (size_t j = 0; j < i; j++) {
			if (str_eq(roles[i], roles[j]))
				diag_add(call->diag, pointer, "Named twice.");
		}
	}
}

static void check_sources(const struct call *call, const struct str *roles, size_t role_count,
	const struct str *sources, size_t source_count)
{
	bool contributor = false;

	for (size_t i = 0; i < role_count; i++)
		contributor = contributor || role_from_name(roles[i]) == ROLE_CONTRIBUTOR;
	if (contributor && source_count == 0)
		diag_add(call->diag, "/sources",
			"A contributor names the sources that it writes for; [\"*\"] is any.");
	if (!contributor && source_count > 0)
		diag_add(call->diag, "/sources", "Only a contributor has sources.");
	if (source_count > MAX_SOURCES)
		diag_add(call->diag, "/sources", "At most %d sources.", MAX_SOURCES);
	for (size_t i = 0; i < source_count; i++) {
		if (sources[i].len < 1 || sources[i].len > ITEM_MAX_NAME)
			diag_add(call->diag, diag_index(call->diag, "/sources", i),
				"A source has 1 to %d bytes.", ITEM_MAX_NAME);
	}
}

static void check_expiry(const struct call *call, int64_t now_us, int64_t expires_us)
{
	if (expires_us <= now_us)
		diag_add(call->diag, "/expires_at", "This is not in the future.");
	else if (expires_us > now_us + (int64_t)TOKEN_MAX_DAYS * 86400 * US_PER_S)
		diag_add(call->diag, "/expires_at", "A token lives at most %d days.",
			TOKEN_MAX_DAYS);
}

static bool is_person_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/* An id of somebody's directory. Letters and digits alone, so that no address and no full name fits:
 * it is in the history for good. */
static void check_actor(const struct call *call, const struct token_request *request)
{
	enum actor_kind kind;
	bool good = request->person.len >= 1 && request->person.len <= TOKEN_MAX_PERSON;

	if (!actor_kind_from_name(request->actor_kind, &kind))
		diag_add(call->diag, "/actor_kind", "An actor is human, service or agent.");
	if (!request->person.ptr)
		return;
	for (size_t i = 0; good && i < request->person.len; i++)
		good = is_person_char(request->person.ptr[i]);
	if (!good)
		diag_add(call->diag, "/person",
			"An opaque id of 1 to %d letters, digits, dots, hyphens and underscores: "
			"no name and no address.",
			TOKEN_MAX_PERSON);
}

static void write_names(
	struct json_writer *json, const char *key, const struct str *names, size_t count)
{
	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; i < count; i++)
		json_str(json, names[i]);
	json_array_end(json);
}

/* Canonical: keys in byte order. */
static enum error finish(struct write *write, const char *action, const struct uuid *token,
	struct str actor_kind, const struct str *roles, size_t role_count,
	const struct str *sources, size_t source_count)
{
	struct buf detail = BUF_INIT;
	struct json_writer json;
	char id[UUID_TEXT_SIZE];
	const char *subject;
	enum error error;

	json_writer_init(&json, &detail);
	json_object_begin(&json);
	if (actor_kind.ptr)
		json_put(&json, "actor_kind", str, actor_kind);
	if (roles)
		write_names(&json, "roles", roles, role_count);
	if (roles)
		write_names(&json, "sources", sources, source_count);
	json_object_end(&json);
	subject = arena_printf(write->call->arena, "token:%s", uuid_to_text(token, id));
	error = subject && !detail.failed ? write_finish(write, action, subject, buf_view(&detail))
					  : ERR_NO_MEMORY;
	buf_release(&detail);
	return error;
}

/* ---- creating ---- */

/* Whom the approval rules name, that person's word counts: an admin who could make a token in that name would
 * have it. Operators may, and the person itself. */
static enum error check_name(struct write *write, struct str person)
{
	const struct call *call = write->call;
	struct catalog *catalog;
	enum error error;

	if (!person.ptr || is_system(call) || !call->principal ||
		uuid_cmp(&call->principal->workspace, &system_workspace) == 0 ||
		(call->principal->person.ptr && str_eq(call->principal->person, person)))
		return ERR_OK;
	error = catalogs_at(call->service->catalogs, tx_conn(write->tx), &call->workspace,
		write->change.config_revision, &catalog);
	if (error)
		return error;
	if (approval_names_person(&catalog->approval, person)) {
		diag_add(call->diag, "/person",
			"The approval rules name this person: an operator makes the token, or the "
			"rules are changed to name a token's id.");
		error = ERR_INVALID;
	}
	catalog_unref(catalog);
	return error;
}

static enum error create_body(struct write *write, void *arg)
{
	struct token_row *token = arg;
	enum error error = check_name(write, token->person);

	if (error)
		return error;
	token->revision = write->change.revision;
	token->created_us = write->change.at_us;
	error = token_append(&write->change, token);
	if (error)
		return error;
	kept_put_uuid(&write->kept, &token->id);
	return finish(write, "token.create", &token->id, token->actor_kind, token->roles,
		token->role_count, token->sources, token->source_count);
}

/* As it was made, whatever became of it since. */
static enum error create_recall(struct write *write, struct kept *kept, void *arg)
{
	struct token_row *token = arg;
	struct uuid id = kept_uuid(kept);
	enum error error = token_read(
		tx_conn(write->tx), &write->call->workspace, &id, write->call->arena, token);

	token->revoked_us = TIME_NONE;
	return error;
}

enum error token_create(const struct call *call, const struct token_request *request,
	struct token_row *out, char secret[TOKEN_TEXT_SIZE], struct written *written)
{
	static const struct write_steps steps = {create_body, create_recall};
	int64_t now_us = clock_now_us(call->service->clock);
	enum error error;

	*out = (struct token_row){
		.workspace = call->workspace,
		.label = request->label,
		.created_by = str_from(call_actor(call)),
		.roles = request->roles,
		.role_count = request->role_count,
		.sources = request->sources,
		.source_count = request->source_count,
		.expires_us = request->expires_us,
		.revoked_us = TIME_NONE,
		.actor_kind = request->actor_kind,
		.person = request->person,
	};
	/* A person is kept beside a kind. */
	if (out->person.ptr && !out->actor_kind.ptr)
		out->actor_kind = str_from(actor_kind_name(ACTOR_SERVICE));
	if (out->expires_us == TIME_NONE)
		out->expires_us = now_us + (int64_t)TOKEN_DEFAULT_DAYS * 86400 * US_PER_S;
	if (request->label.len < 1 || request->label.len > TOKEN_MAX_LABEL)
		diag_add(call->diag, "/label", "A label has 1 to %d bytes.", TOKEN_MAX_LABEL);
	if (request->role_count == 0)
		diag_add(call->diag, "/roles", "A token needs at least one role.");
	check_roles(call, request->roles, request->role_count);
	check_sources(
		call, request->roles, request->role_count, request->sources, request->source_count);
	check_expiry(call, now_us, out->expires_us);
	check_actor(call, request);
	if (call->diag->count)
		return ERR_INVALID;
	uuid_random(&out->id);
	if (!token_text_make(secret) || !sha256_of(secret, strlen(secret), &out->secret_sha256))
		return ERR_INTERNAL;
	error = write_once(call, &call->workspace, &steps, out, written);
	/* This one was never used. */
	if (!error && written->replayed)
		explicit_bzero(secret, TOKEN_TEXT_SIZE);
	return error;
}

/* ---- revoking ---- */

static enum error revoke_body(struct write *write, void *arg)
{
	const struct uuid *id = arg;
	const struct call *call = write->call;
	struct token_row token;
	int64_t operators = 0;
	enum error error;

	error = token_read(tx_conn(write->tx), &call->workspace, id, call->arena, &token);
	if (error)
		return error;
	write->nothing = token.revoked_us != TIME_NONE;
	if (write->nothing)
		return ERR_OK;
	if (is_system(call) && token.expires_us > write->change.at_us) {
		error = tokens_count_with_role(tx_conn(write->tx), &call->workspace, "operator",
			write->change.at_us, &operators);
		if (error)
			return error;
		if (operators <= 1) {
			diag_add(call->diag, "",
				"This is the last valid operator's token; make "
				"another one first.");
			return ERR_CONFLICT;
		}
	}
	error = token_revoke_append(&write->change, id);
	return error ? error : finish(write, "token.revoke", id, STR_NONE, NULL, 0, NULL, 0);
}

enum error token_revoke(const struct call *call, const struct uuid *id, struct written *written)
{
	struct uuid copy = *id;
	enum error error = write_run(call, &call->workspace, revoke_body, &copy, written);

	if (!error)
		auth_forget(call->service->auth);
	return error;
}

/* ---- listing ---- */

enum error token_list(const struct call *call, const struct uuid *after, size_t limit,
	struct token_row **out, size_t *count, int64_t *revision)
{
	struct conn *conn;
	struct head head;
	enum error error = store_acquire(call->service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &call->workspace);
	if (!error) {
		error = head_read(conn, &call->workspace, &head);
		if (!error)
			error = tokens_list(
				conn, &call->workspace, after, limit, call->arena, out, count);
		read_end(conn);
	}
	store_release(call->service->store, conn);
	if (!error)
		*revision = head.revision;
	return error;
}

enum error grant_list(
	const struct call *call, struct grant_row **out, size_t *count, int64_t *revision)
{
	struct conn *conn;
	struct head head;
	enum error error = store_acquire(call->service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &call->workspace);
	if (!error) {
		error = head_read(conn, &call->workspace, &head);
		if (!error)
			error = grants_list(conn, &call->workspace, call->arena, out, count);
		read_end(conn);
	}
	store_release(call->service->store, conn);
	if (!error)
		*revision = head.revision;
	return error;
}

/* ---- grants ---- */

static enum error grant_body(struct write *write, void *arg)
{
	struct grant_row *grant = arg;
	enum error error;

	grant->revision = write->change.revision;
	error = grant_append(&write->change, grant);
	if (error)
		return error;
	return finish(write, grant->role_count ? "grant.set" : "grant.withdraw", &grant->token_id,
		STR_NONE, grant->roles, grant->role_count, grant->sources, grant->source_count);
}

static enum error grant_recall(struct write *write, struct kept *kept, void *arg)
{
	struct grant_row *grant = arg;

	(void)kept;
	grant->revision = write->written.revision;
	return ERR_OK;
}

/* A token of another workspace is reported exactly as one that does not exist. */
static enum error check_operator_token(const struct call *call, const struct uuid *id)
{
	struct token_row token;
	struct conn *conn;
	enum error error = store_acquire(call->service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = token_find(conn, id, call->arena, &token);
		read_end(conn);
	}
	store_release(call->service->store, conn);
	if (!error && (uuid_cmp(&token.workspace, &system_workspace) != 0 ||
			      token.revoked_us != TIME_NONE))
		error = ERR_NOT_FOUND;
	if (error != ERR_NOT_FOUND)
		return error;
	diag_add(call->diag, "/token_id", "There is no valid operator's token of this id.");
	return ERR_INVALID;
}

enum error grant_set(const struct call *call, const struct grant_request *request,
	struct grant_row *out, struct written *written)
{
	static const struct write_steps steps = {grant_body, grant_recall};
	int64_t now_us = clock_now_us(call->service->clock);
	enum error error;

	check_roles(call, request->roles, request->role_count);
	check_sources(
		call, request->roles, request->role_count, request->sources, request->source_count);
	if (request->expires_us != TIME_NONE)
		check_expiry(call, now_us, request->expires_us);
	if (call->diag->count)
		return ERR_INVALID;
	error = check_operator_token(call, &request->token_id);
	if (error)
		return error;
	*out = (struct grant_row){
		.workspace = call->workspace,
		.token_id = request->token_id,
		.roles = request->roles,
		.role_count = request->role_count,
		.sources = request->sources,
		.source_count = request->source_count,
		.expires_us = request->expires_us,
	};
	error = write_once(call, &call->workspace, &steps, out, written);
	if (!error)
		auth_forget(call->service->auth);
	return error;
}

/* ---- the very first one ---- */

static enum error bootstrap_body(struct write *write, void *arg)
{
	int64_t operators;
	enum error error = tokens_count_with_role(
		tx_conn(write->tx), &system_workspace, "operator", write->change.at_us, &operators);

	if (error)
		return error;
	return operators > 0 ? ERR_CONFLICT : create_body(write, arg);
}

enum error bootstrap(struct service *service, struct arena *arena, struct diag *diag,
	char secret[TOKEN_TEXT_SIZE])
{
	static const struct str operator_role[] = {{"operator", 8}};
	struct call call = {
		.service = service,
		.arena = arena,
		.diag = diag,
		.workspace = system_workspace,
		.request_id = "bootstrap",
	};
	struct token_row token = {
		.workspace = system_workspace,
		.label = STR("first operator"),
		.created_by = STR("system"),
		.roles = operator_role,
		.role_count = 1,
		.expires_us =
			clock_now_us(service->clock) + (int64_t)TOKEN_MAX_DAYS * 86400 * US_PER_S,
		.revoked_us = TIME_NONE,
	};
	struct written written;

	uuid_random(&token.id);
	if (!token_text_make(secret) || !sha256_of(secret, strlen(secret), &token.secret_sha256))
		return ERR_INTERNAL;
	return write_run(&call, &system_workspace, bootstrap_body, &token, &written);
}

enum error operator_token_check(struct service *service, struct arena *arena, struct str text)
{
	struct token_row *tokens;
	struct sha256 hash;
	struct conn *conn;
	size_t found;
	enum error error;

	if (!token_text_check(text))
		return ERR_UNAUTHENTICATED;
	if (!sha256_of(text.ptr, text.len, &hash))
		return ERR_NO_MEMORY;
	error = store_acquire(service->store, &conn);
	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = tokens_by_secret(conn, &hash, 1, arena, &tokens, &found);
		read_end(conn);
	}
	store_release(service->store, conn);
	if (error)
		return error;
	return found == 1 && uuid_cmp(&tokens[0].workspace, &system_workspace) == 0 &&
			       tokens[0].revoked_us == TIME_NONE &&
			       clock_now_us(service->clock) < tokens[0].expires_us
		       ? ERR_OK
		       : ERR_UNAUTHENTICATED;
}
