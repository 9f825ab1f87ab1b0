/*
 * Takes the text of an expression apart into tokens. What cannot be one is told at its place, as
 * every fault that the parser finds in them.
 */
#include "engine/expression_tokens.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- faults ---------------------------------------------------------------------------------- */

bool wn_parse_fault(struct parser *p, size_t at, const char *format, ...)
{
	struct wn_expression_draft *draft = p->draft;
	va_list args;

	draft->line = draft->column = 1;
	for (size_t i = 0; i < at; i++) {
		if (p->text.ptr[i] == '\n') {
			draft->line++;
			draft->column = 1;
		} else if (((unsigned char)p->text.ptr[i] & 0xc0) != 0x80) {
			draft->column++;
		}
	}
	va_start(args, format);
	vsnprintf(draft->detail, sizeof(draft->detail), format, args);
	va_end(args);
	/* What was cut may end within a character. */
	while (!str_is_utf8(str_from(draft->detail)))
		draft->detail[strlen(draft->detail) - 1] = '\0';
	return false;
}

struct str wn_parse_shown(struct str s)
{
	struct str kept = {s.ptr, 0};

	while (kept.len < s.len && kept.len < 60) {
		size_t bytes = str_utf8_char((struct str){s.ptr + kept.len, s.len - kept.len});

		if (bytes == 0)
			break;
		kept.len += bytes;
	}
	return kept;
}

bool wn_parse_unexpected(struct parser *p, const char *wanted)
{
	const struct token *t = &p->token;

	switch (t->kind) {
	case TOKEN_END:
		return wn_parse_fault(p, t->at, "the expression ends where %s is expected", wanted);
	case TOKEN_TEXT: return wn_parse_fault(p, t->at, "%s is expected here, not a text", wanted);
	case TOKEN_BAD:
		return wn_parse_fault(p, t->at, "this character has no place in an expression");
	default:
		return wn_parse_fault(p, t->at, "%s is expected here, not '%.*s'", wanted,
			STR_ARG(wn_parse_shown(t->raw)));
	}
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char byte_at(const struct parser *p, size_t at)
{
	return at < p->text.len ? p->text.ptr[at] : '\0';
}

static size_t skip_digits(const struct parser *p, size_t at)
{
	while (is_digit(byte_at(p, at)))
		at++;
	return at;
}

static bool take_number(struct parser *p, size_t at)
{
	size_t end = skip_digits(p, at);

	if (byte_at(p, end) == '.') {
		if (!is_digit(byte_at(p, end + 1)))
			return wn_parse_fault(p, end + 1 < p->text.len ? end + 1 : p->text.len,
				"a digit is expected after the decimal point");
		end = skip_digits(p, end + 1);
	}
	if (byte_at(p, end) == 'e' || byte_at(p, end) == 'E') {
		size_t digits = end + 1;

		if (byte_at(p, digits) == '+' || byte_at(p, digits) == '-')
			digits++;
		if (!is_digit(byte_at(p, digits)))
			return wn_parse_fault(p, digits, "a digit is expected in the exponent");
		end = skip_digits(p, digits);
	}
	p->token = (struct token){TOKEN_NUMBER, at, {p->text.ptr + at, end - at}};
	return true;
}

static bool take_text(struct parser *p, size_t at)
{
	size_t start = at + 1;
	const char *close = memchr(p->text.ptr + start, '"', p->text.len - start);

	if (!close)
		return wn_parse_fault(p, at, "this text has no closing quote");
	p->token = (struct token){
		TOKEN_TEXT, at, {p->text.ptr + start, (size_t)(close - p->text.ptr) - start}};
	if (!str_is_utf8(p->token.raw))
		return wn_parse_fault(p, at, "this text is not UTF-8");
	if (p->token.raw.len == 0)
		return wn_parse_fault(p, at, "a text to compare with cannot be empty");
	return true;
}

static size_t token_end(const struct token *token)
{
	return token->at + token->raw.len + (token->kind == TOKEN_TEXT ? 2 : 0);
}

bool wn_parse_next(struct parser *p)
{
	size_t at = token_end(&p->token), length = 1;
	char c;

	while (at < p->text.len && strchr(" \t\r\n", p->text.ptr[at]) && p->text.ptr[at])
		at++;
	p->token = (struct token){TOKEN_END, at, {p->text.ptr + at, 0}};
	if (at == p->text.len)
		return true;
	c = p->text.ptr[at];
	if (is_digit(c))
		return take_number(p, at);
	if (c == '"')
		return take_text(p, at);
	if (is_letter(c)) {
		while (is_letter(byte_at(p, at + length)) || is_digit(byte_at(p, at + length)))
			length++;
		p->token = (struct token){TOKEN_NAME, at, {p->text.ptr + at, length}};
		return true;
	}
	if (c == '=' && byte_at(p, at + 1) != '=')
		return wn_parse_fault(p, at, "'=' does not compare: write '=='");
	if (c == '\0' || !strchr("+-*/^(),<>=!", c) || (c == '!' && byte_at(p, at + 1) != '=')) {
		p->token = (struct token){TOKEN_BAD, at, {p->text.ptr + at, 1}};
		return true;
	}
	if (strchr("<>=!", c) && byte_at(p, at + 1) == '=')
		length = 2;
	p->token = (struct token){TOKEN_SIGN, at, {p->text.ptr + at, length}};
	return true;
}

bool wn_token_is(const struct parser *p, const char *raw)
{
	return (p->token.kind == TOKEN_SIGN || p->token.kind == TOKEN_NAME) &&
	       str_is(p->token.raw, raw);
}
