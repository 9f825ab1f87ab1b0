/*
 * Principals outlive the arena of the query that found them, so everything is copied, twice over
 * the same walk: once to count the bytes, once to place them.
 */
#include "service/principal_build.h"

#include <stdlib.h>
#include <string.h>

/* Bump allocation in one piece; with base NULL it only counts. */
struct placer {
	char *base;
	size_t used;
};

static void *place(struct placer *placer, size_t bytes)
{
	size_t at = (placer->used + 15) & ~(size_t)15;

	placer->used = at + bytes;
	return placer->base ? placer->base + at : NULL;
}

static struct str place_str(struct placer *placer, struct str text)
{
	char *copy = place(placer, text.len);

	if (!copy)
		return STR_NONE;
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	return (struct str){copy, text.len};
}

static const struct str *place_strs(struct placer *placer, const struct str *texts, size_t count)
{
	struct str *copy = place(placer, count * sizeof *copy);

	for (size_t i = 0; i < count; i++) {
		struct str text = place_str(placer, texts[i]);

		if (copy)
			copy[i] = text;
	}
	return copy;
}

static uint32_t roles_of(const struct str *names, size_t count)
{
	uint32_t roles = 0;

	for (size_t i = 0; i < count; i++)
		roles |= role_from_name(names[i]);
	return roles;
}

static size_t place_grants(struct placer *placer, const struct uuid *token,
	const struct grant_row *rows, size_t count, const struct grant **out)
{
	struct grant *grants = place(placer, count * sizeof *grants);
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		const struct str *sources;

		if (uuid_cmp(&rows[i].token_id, token) != 0)
			continue;
		sources = place_strs(placer, rows[i].sources, rows[i].source_count);
		if (grants)
			grants[used] = (struct grant){
				.workspace = rows[i].workspace,
				.roles = roles_of(rows[i].roles, rows[i].role_count),
				.sources = sources,
				.source_count = rows[i].source_count,
				.expires_us = rows[i].expires_us,
			};
		used++;
	}
	*out = grants;
	return used;
}

static void build(struct placer *placer, const struct token_row *token,
	const struct grant_row *rows, size_t row_count)
{
	struct principal *principal = place(placer, sizeof *principal);
	struct str label = place_str(placer, token->label);
	struct str person = token->person.ptr ? place_str(placer, token->person) : STR_NONE;
	const struct str *sources = place_strs(placer, token->sources, token->source_count);
	const struct grant *grants;
	enum actor_kind kind;
	size_t grant_count = place_grants(placer, &token->id, rows, row_count, &grants);

	if (!principal)
		return;
	/* A kind that this version does not know may do what all kinds may. */
	if (!actor_kind_from_name(token->actor_kind, &kind))
		kind = ACTOR_AGENT;
	*principal = (struct principal){
		.token_id = token->id,
		.workspace = token->workspace,
		.roles = roles_of(token->roles, token->role_count),
		.expires_us = token->expires_us,
		.actor_kind = kind,
		.label = label,
		.person = person,
		.sources = sources,
		.source_count = token->source_count,
		.grants = grants,
		.grant_count = grant_count,
		.references = 1,
	};
}

struct principal *principal_build(
	const struct token_row *token, const struct grant_row *grants, size_t grant_count)
{
	struct placer placer = {0};

	build(&placer, token, grants, grant_count);
	placer.base = malloc(placer.used);
	if (!placer.base)
		return NULL;
	placer.used = 0;
	build(&placer, token, grants, grant_count);
	return (struct principal *)placer.base;
}
