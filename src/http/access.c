/*
 * Tokens and roles. What a route asks for stands in the route table, so this is the only place
 * that decides; handlers only narrow further (a contributor's sources).
 */
#include "http/access.h"

#include <strings.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "http/router.h"
#include "service/service.h"

/* What belongs to no workspace belongs to this one. */
static const struct uuid no_workspace;

static bool token_in_query(struct request *request)
{
	static const char *const names[] = {"access_token", "token"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!request_query(request, names[i]).ptr)
			continue;
		diag_add(&request->diag, diag_key(&request->diag, "/query", names[i]),
			"A token is sent in the Authorization field, never in the address. If this "
			"was "
			"a real one, revoke it: addresses are logged on the way.");
		return true;
	}
	return false;
}

/* The token of the one Authorization field; STR_NONE when there is none of the right form. */
static struct str bearer_token(const struct request *request)
{
	struct str value = STR_NONE;
	unsigned fields = 0;

	for (size_t i = 0; i < request->header_count; i++) {
		const struct field *field = &request->headers[i];

		if (field->name.len != sizeof "authorization" - 1 ||
			strncasecmp(field->name.ptr, "authorization", field->name.len) != 0)
			continue;
		value = field->value;
		fields++;
	}
	if (fields != 1 || value.len < sizeof "Bearer wnw_" - 1 ||
		strncasecmp(value.ptr, "Bearer ", 7) != 0)
		return STR_NONE;
	value.ptr += 7;
	value.len -= 7;
	while (value.len > 0 && *value.ptr == ' ') {
		value.ptr++;
		value.len--;
	}
	return value.len > 4 && memcmp(value.ptr, "wnw_", 4) == 0 ? value : STR_NONE;
}

void access_forget(struct access_known *known)
{
	principal_unref(known->principal);
	explicit_bzero(known, sizeof *known);
}

/* What the connection knows, when it is still true. */
static struct access_known *known_of(const struct request *request)
{
	struct access_known *known = request->known;
	unsigned long version;

	if (!known || request->on_worker)
		return NULL;
	version = auth_version(request->service->auth);
	if (known->version != version) {
		access_forget(known);
		known->version = version;
	}
	return known;
}

/* In a time that does not tell how much of it is right. */
static bool same_secret(struct str a, struct str b)
{
	unsigned difference = 0;

	for (size_t i = 0; a.len == b.len && i < a.len; i++)
		difference |= (unsigned char)a.ptr[i] ^ (unsigned char)b.ptr[i];
	return a.len == b.len && difference == 0;
}

static enum error find_token(struct request *request, struct str token, bool may_block)
{
	struct auth *auth = request->service->auth;
	struct access_known *known = may_block ? NULL : known_of(request);
	enum error error;

	if (known && known->principal &&
		same_secret(token, (struct str){known->token, known->token_bytes})) {
		if (clock_now_us(request->clock) >= known->principal->expires_us)
			return ERR_UNAUTHENTICATED;
		metric_add(METRIC_auth_cache_hits, 1);
		principal_ref(known->principal);
		request->principal = known->principal;
		return ERR_OK;
	}
	error = auth_token(auth, token, may_block, &request->principal);
	if (error || !known || token.len > sizeof known->token)
		return error;
	principal_ref(request->principal);
	principal_unref(known->principal);
	known->principal = request->principal;
	memcpy(known->token, token.ptr, token.len);
	known->token_bytes = token.len;
	return ERR_OK;
}

static enum error find_workspace(struct request *request, struct str name, bool may_block)
{
	struct access_known *known = may_block ? NULL : known_of(request);
	enum error error;

	if (known && known->workspace_bytes > 0 &&
		str_eq(name, (struct str){known->workspace_text, known->workspace_bytes})) {
		request->workspace = known->workspace;
		return ERR_OK;
	}
	error = auth_workspace(request->service->auth, name, may_block, &request->workspace);
	if (error || !known || name.len > sizeof known->workspace_text)
		return error;
	known->workspace = request->workspace;
	memcpy(known->workspace_text, name.ptr, name.len);
	known->workspace_bytes = name.len;
	return ERR_OK;
}

static enum error authenticate(struct request *request, bool may_block)
{
	struct str token = bearer_token(request);
	enum error error = ERR_UNAUTHENTICATED;

	if (request->principal)
		return ERR_OK; /* found before the request went to a worker for its workspace */
	if (token.ptr)
		error = find_token(request, token, may_block);
	if (error == ERR_UNAUTHENTICATED)
		metric_add(METRIC_auth_failures, 1);
	return error;
}

/* A role that the route asks for, and of a decision no agent. */
static enum error judge_allowed(const struct request *request)
{
	if (!(request->roles & request->route->roles))
		return ERR_FORBIDDEN;
	if ((request->route->flags & ROUTE_DECIDES) && !principal_may_decide(request->principal))
		return ERR_AGENT;
	return ERR_OK;
}

/* An operator may know that a workspace exists; anybody else without a role there may not. */
static enum error judge(const struct request *request)
{
	return request->roles ? judge_allowed(request) : ERR_NOT_FOUND;
}

enum error access_check(struct request *request, bool may_block)
{
	int64_t now_us;
	enum error error;
	int place;

	if (request->route->flags & ROUTE_PUBLIC)
		return ERR_OK;
	if (token_in_query(request))
		return ERR_BAD_REQUEST;
	error = authenticate(request, may_block);
	if (error)
		return error;
	now_us = clock_now_us(request->clock);
	place = route_param(request->route, "ws");
	if (place < 0) {
		request->workspace.id = request->route->flags & ROUTE_SYSTEM
						? no_workspace
						: request->principal->workspace;
		request->roles =
			principal_roles(request->principal, &request->workspace.id, now_us);
		/* That the path exists is no secret. */
		return judge_allowed(request);
	}
	error = find_workspace(request, request->params[place], may_block);
	if (error)
		return error;
	request->roles = principal_roles(request->principal, &request->workspace.id, now_us);
	return judge(request);
}

bool access_remember(const struct request *request, struct access_memo *out)
{
	struct str token = bearer_token(request);

	*out = (struct access_memo){
		.workspace = request->workspace,
		.wanted = request->route->roles,
		.roles = request->roles,
		.expires_us = request->principal->expires_us,
	};
	return sha256_of(token.ptr, token.len, &out->token);
}

bool access_still(
	struct service *service, const struct clock *clock, const struct access_memo *memo)
{
	int64_t now_us = clock_now_us(clock);
	struct workspace_ref workspace;
	struct principal *principal;
	uint32_t roles;
	enum error error;

	if (now_us >= memo->expires_us)
		return false;
	error = auth_secret(service->auth, &memo->token, true, &principal);
	if (error)
		return error != ERR_UNAUTHENTICATED;
	roles = principal_roles(principal, &memo->workspace.id, now_us);
	principal_unref(principal);
	if (roles != memo->roles || !(roles & memo->wanted))
		return false;
	error = auth_workspace(service->auth, str_from(memo->workspace.name), true, &workspace);
	if (error)
		return error != ERR_NOT_FOUND;
	return uuid_cmp(&workspace.id, &memo->workspace.id) == 0;
}
