/*
 * Principals: what a token may do, where.
 */
#include "service/principal.h"

#include <stdlib.h>

#include "base/clock.h"

static const struct {
	const char *name;
	uint32_t bit;
} role_names[] = {
	{"reader", ROLE_READER},
	{"contributor", ROLE_CONTRIBUTOR},
	{"reviewer", ROLE_REVIEWER},
	{"admin", ROLE_ADMIN},
	{"auditor", ROLE_AUDITOR},
	{"operator", ROLE_OPERATOR},
};

uint32_t role_from_name(struct str name)
{
	for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++) {
		if (str_is(name, role_names[i].name))
			return role_names[i].bit;
	}
	return 0;
}

const char *role_name(uint32_t role)
{
	for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++) {
		if (role_names[i].bit == role)
			return role_names[i].name;
	}
	return NULL;
}

static const char *const kind_names[] = {
	[ACTOR_SERVICE] = "service",
	[ACTOR_HUMAN] = "human",
	[ACTOR_AGENT] = "agent",
};

bool actor_kind_from_name(struct str name, enum actor_kind *out)
{
	*out = ACTOR_SERVICE;
	if (!name.ptr)
		return true;
	for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
		if (!str_is(name, kind_names[i]))
			continue;
		*out = (enum actor_kind)i;
		return true;
	}
	return false;
}

const char *actor_kind_name(enum actor_kind kind)
{
	return kind_names[kind];
}

bool principal_may_decide(const struct principal *principal)
{
	return principal && principal->actor_kind != ACTOR_AGENT;
}

void principal_ref(struct principal *principal)
{
	__atomic_add_fetch(&principal->references, 1, __ATOMIC_RELAXED);
}

/* A principal and everything it points to is one allocation (auth.c). */
void principal_unref(struct principal *principal)
{
	if (principal && __atomic_sub_fetch(&principal->references, 1, __ATOMIC_ACQ_REL) == 0)
		free(principal);
}

static const struct grant *grant_in(
	const struct principal *principal, const struct uuid *workspace, int64_t now_us)
{
	for (size_t i = 0; i < principal->grant_count; i++) {
		const struct grant *grant = &principal->grants[i];

		if (uuid_cmp(&grant->workspace, workspace) == 0 &&
			(grant->expires_us == TIME_NONE || now_us < grant->expires_us))
			return grant;
	}
	return NULL;
}

uint32_t principal_roles(
	const struct principal *principal, const struct uuid *workspace, int64_t now_us)
{
	const struct grant *grant = grant_in(principal, workspace, now_us);
	uint32_t roles = principal->roles & ROLE_OPERATOR;

	if (uuid_cmp(&principal->workspace, workspace) == 0)
		roles |= principal->roles;
	return grant ? roles | grant->roles : roles;
}

static bool sources_allow(const struct str *sources, size_t count, struct str source)
{
	for (size_t i = 0; i < count; i++) {
		if (str_is(sources[i], "*") || str_eq(sources[i], source))
			return true;
	}
	return false;
}

bool principal_may_write_source(const struct principal *principal, const struct uuid *workspace,
	int64_t now_us, struct str source)
{
	const struct grant *grant = grant_in(principal, workspace, now_us);

	if (principal_roles(principal, workspace, now_us) & ROLE_ADMIN)
		return true;
	if (uuid_cmp(&principal->workspace, workspace) == 0 &&
		sources_allow(principal->sources, principal->source_count, source))
		return true;
	return grant && sources_allow(grant->sources, grant->source_count, source);
}
