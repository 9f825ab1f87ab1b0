/*
 * Tokens and grants. A secret exists in the answer that creates it and nowhere else.
 */
#ifndef WINNOW_SERVICE_TOKENS_H
#define WINNOW_SERVICE_TOKENS_H

#include "service/service.h"
#include "service/write.h"
#include "store/aggregates.h"

enum {
	TOKEN_TEXT_SIZE = 44,
	TOKEN_MAX_LABEL = 255,
	TOKEN_MAX_PERSON = 64,
	TOKEN_MAX_DAYS = 730,
	TOKEN_DEFAULT_DAYS = 90,
};

/* "wnw_" + 32 characters of base62 (190 bits of chance) + 6 of base62 CRC-32 of what is before.
 * The checksum lets a typo be refused without a look-up; it is no security. */
bool token_text_make(char text[TOKEN_TEXT_SIZE]);
bool token_text_check(struct str text);

struct token_request {
	struct str label;
	const struct str *roles;
	size_t role_count;
	const struct str *sources;
	size_t source_count;
	int64_t expires_us;    /* TIME_NONE: the default lifetime */
	struct str actor_kind; /* absent: a service */
	struct str person;     /* an opaque id of who holds it; absent: not said */
};

/* In the call's workspace (the system workspace: operators). ERR_INVALID with faults; `secret` is
 * the token's text, or "" when written->replayed: it was in the first answer alone. */
enum error token_create(const struct call *call, const struct token_request *request,
	struct token_row *out, char secret[TOKEN_TEXT_SIZE], struct written *written);
/* ERR_NOT_FOUND; revoking twice is ERR_OK and writes nothing. ERR_CONFLICT: the last operator. */
enum error token_revoke(const struct call *call, const struct uuid *id, struct written *written);
/* `revision`: the workspace's, that the list reflects. */
enum error token_list(const struct call *call, const struct uuid *after, size_t limit,
	struct token_row **out, size_t *count, int64_t *revision);

struct grant_request {
	struct uuid token_id;
	const struct str *roles;
	size_t role_count;
	const struct str *sources;
	size_t source_count;
	int64_t expires_us; /* TIME_NONE: with the token */
};
/* Only operators' tokens can be granted something; no roles withdraws. */
enum error grant_set(const struct call *call, const struct grant_request *request,
	struct grant_row *out, struct written *written);
enum error grant_list(
	const struct call *call, struct grant_row **out, size_t *count, int64_t *revision);

/* Creates the first operator's token if no operator's token is valid. ERR_CONFLICT: one is. */
enum error bootstrap(struct service *service, struct arena *arena, struct diag *diag,
	char secret[TOKEN_TEXT_SIZE]);
/* ERR_OK when `text` is a valid operator's token; ERR_UNAUTHENTICATED when it is not. */
enum error operator_token_check(struct service *service, struct arena *arena, struct str text);

#endif
