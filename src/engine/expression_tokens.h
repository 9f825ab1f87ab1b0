/*
 * The text of an expression as tokens, and how its faults are told; for expression_parse.c.
 */
#ifndef WINNOW_ENGINE_EXPRESSION_TOKENS_H
#define WINNOW_ENGINE_EXPRESSION_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "winnow/expression.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NUMBER,
	TOKEN_TEXT,
	TOKEN_NAME, /* keywords too */
	TOKEN_SIGN, /* infixes, parentheses, comma */
	TOKEN_BAD,
};
struct token {
	enum token_kind kind;
	size_t at;      /* byte of the text */
	struct str raw; /* without quotes */
};

struct parser {
	struct str text;
	const struct wn_scope *scope;
	struct wn_expression_draft *draft;
	struct token token; /* the next one */
	size_t nesting;
	size_t stack; /* values there when evaluated so far */
};

/* The next token into p->token. False: a fault within it. */
bool wn_parse_next(struct parser *p);
/* Whether the token is this sign or name. */
bool wn_token_is(const struct parser *p, const char *raw);

/* Into the draft: what is wrong at byte `at`, with line and column. Always false, to be returned. */
__attribute__((format(printf, 3, 4))) bool wn_parse_fault(
	struct parser *p, size_t at, const char *format, ...);
/* The same of the token: something else was wanted in its place. */
bool wn_parse_unexpected(struct parser *p, const char *wanted);
/* As much of a name or text as a message bears. */
struct str wn_parse_shown(struct str s);

#endif
