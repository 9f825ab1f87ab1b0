/*
 * Who is calling: an immutable, shared value made of a token's rows. Never holds the secret.
 */
#ifndef WINNOW_SERVICE_PRINCIPAL_H
#define WINNOW_SERVICE_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"

/* Roles are bits; a token has one or more of them in its own workspace. The operator's home is the
 * system workspace; in another workspace it has only what a grant gives. */
enum role {
	ROLE_READER = 1,      /* reads the backlog and the queue */
	ROLE_CONTRIBUTOR = 2, /* ingests, only for the sources that the token names */
	ROLE_REVIEWER = 4,    /* reads, patches and overrides items */
	ROLE_ADMIN = 8,       /* all of a workspace */
	ROLE_AUDITOR = 16,    /* reads all, the audit log too */
	ROLE_OPERATOR = 32,   /* creates and removes workspaces */
};
enum {
	ROLES_NONE = 0,
	ROLES_READ = ROLE_READER | ROLE_REVIEWER | ROLE_ADMIN | ROLE_AUDITOR,
	ROLES_ASK_PAST =
		ROLE_REVIEWER | ROLE_ADMIN | ROLE_AUDITOR, /* what was at any time (recall.h) */
	ROLES_ANY_MEMBER = 31,
};

/* Who may see features and fields that are marked sensitive. What gives them away is decided from this
 * in http/resources/veil.c. */
static inline bool roles_see_sensitive(uint32_t roles)
{
	return (roles & (ROLE_ADMIN | ROLE_AUDITOR)) != 0;
}

/* "reader" … → its bit, 0 when unknown; the other way round NULL when not exactly one bit. */
uint32_t role_from_name(struct str name);
const char *role_name(uint32_t role);

/* Who acts through a token. Of a token that was made without saying it nothing is known: it counts as
 * a service, which claims no person behind a decision and takes nothing from it. */
enum actor_kind {
	ACTOR_SERVICE,
	ACTOR_HUMAN,
	ACTOR_AGENT, /* a machine that proposes; it never decides */
};
/* "service" … ; false when unknown. Absent text is a service. */
bool actor_kind_from_name(struct str name, enum actor_kind *out);
const char *actor_kind_name(enum actor_kind kind);

struct grant {
	struct uuid workspace;
	uint32_t roles;
	const struct str *sources; /* that a granted contributor may write for */
	size_t source_count;
	int64_t expires_us; /* TIME_NONE: with the token */
};

struct principal {
	struct uuid token_id;
	struct uuid workspace; /* home; the system workspace for operators */
	uint32_t roles;        /* in the home workspace */
	int64_t expires_us;
	enum actor_kind actor_kind;
	struct str label;
	struct str person;         /* an opaque id of who holds the token; absent: not known */
	const struct str *sources; /* that a contributor may write for at home; "*": any */
	size_t source_count;
	const struct grant *grants;
	size_t grant_count;
	int references; /* atomic */
};

void principal_ref(struct principal *principal);
void principal_unref(struct principal *principal); /* NULL is fine */
/* Bits in force in `workspace` at `now_us`; ROLE_OPERATOR is reported in every workspace. */
uint32_t principal_roles(
	const struct principal *principal, const struct uuid *workspace, int64_t now_us);
/*
 * Whether this actor may decide something: approve, bypass an approval, resume a suspended model, make
 * tokens and grants (by which it could decide after all). Never an agent, whatever its roles; nobody
 * (NULL: a job) neither. Routes that are such a decision say ROUTE_DECIDES (http/http.h), so that no
 * handler has to ask; what decides only in some cases asks here.
 */
bool principal_may_decide(const struct principal *principal);
/* Admins write for every source, contributors for those that their token or grant names. */
bool principal_may_write_source(const struct principal *principal, const struct uuid *workspace,
	int64_t now_us, struct str source);

#endif
