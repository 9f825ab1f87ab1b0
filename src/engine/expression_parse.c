/*
 * Reads expressions: one pass from tokens to postfix nodes, types checked on the way, so that each
 * fault is told at its place. The grammar is in include/winnow/expression.h.
 */
#include <stdio.h>
#include <string.h>

#include "engine/expression_nodes.h"
#include "engine/expression_tokens.h"

/* What was parsed, for those who use it. */
struct operand {
	enum wn_expression_type type;
	size_t at;
	struct str name; /* of a single name */
	bool is_text;    /* nothing emitted so far: what it is compared with decides */
	struct str text;
	bool is_category;
	const char *const *categories;
	size_t category_count;
};

static bool parse_or(struct parser *p, struct operand *out);
static bool parse_unary(struct parser *p, struct operand *out);

/* ---- nodes ----------------------------------------------------------------------------------- */

static bool emit(struct parser *p, size_t at, struct wn_node node)
{
	struct wn_expression_draft *draft = p->draft;

	if (draft->node_count == WN_EXPRESSION_MAX_NODES)
		return wn_parse_fault(p, at,
			"the expression is too large: it has more than %d parts",
			WN_EXPRESSION_MAX_NODES);
	p->stack = p->stack - node.arity + 1;
	if (p->stack > WN_EXPRESSION_MAX_DEPTH)
		return wn_parse_fault(p, at,
			"the expression is too deep: more than %d values wait here",
			WN_EXPRESSION_MAX_DEPTH);
	draft->nodes[draft->node_count++] = node;
	return true;
}

static bool enter(struct parser *p, size_t at)
{
	if (++p->nesting <= WN_EXPRESSION_MAX_DEPTH)
		return true;
	return wn_parse_fault(p, at, "the expression is too deep: it is nested more than %d times",
		WN_EXPRESSION_MAX_DEPTH);
}

static const char *const type_names[] = {"a number", "a boolean", "a word"};

/* What stands alone is of the wanted type. */
static bool expect_type(
	struct parser *p, const struct operand *x, enum wn_expression_type type, const char *who)
{
	if (x->is_text)
		return wn_parse_fault(p, x->at,
			"a text stands only beside '==' or '!=', to be compared with a word or a "
			"category");
	if (x->type == type)
		return true;
	if (x->type == WN_TYPE_WORD)
		return wn_parse_fault(p, x->at,
			"'%.*s' is a word: it can only be compared with a text by '==' or '!='",
			STR_ARG(wn_parse_shown(x->name)));
	return wn_parse_fault(p, x->at, "%s takes %s here, and this is %s", who, type_names[type],
		type_names[x->type]);
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool emit_name(struct parser *p, const struct token *token, const struct wn_name *name,
	struct operand *out)
{
	struct wn_node node = {.index = name->index};

	*out = (struct operand){.type = WN_TYPE_NUMBER, .at = token->at, .name = token->raw};
	switch (name->kind) {
	case WN_NAME_TERM:
		node.op = name->type == WN_TYPE_BOOLEAN ? WN_OP_FLAG : WN_OP_TERM;
		out->type = name->type == WN_TYPE_BOOLEAN ? WN_TYPE_BOOLEAN : WN_TYPE_NUMBER;
		out->is_category = name->categories != NULL;
		out->categories = name->categories;
		out->category_count = name->category_count;
		break;
	case WN_NAME_NUMBER: node.op = WN_OP_FACT; break;
	case WN_NAME_WORD:
		node.op = WN_OP_WORD;
		out->type = WN_TYPE_WORD;
		break;
	case WN_NAME_AGE_DAYS: node = (struct wn_node){.op = WN_OP_AGE_DAYS}; break;
	case WN_NAME_DAYS_TO_DUE: node = (struct wn_node){.op = WN_OP_DAYS_TO_DUE}; break;
	}
	return emit(p, token->at, node);
}

static enum wn_op function_named(struct str name)
{
	for (enum wn_op op = 0; op < WN_OPS; op++) {
		bool word = op == WN_OP_ABS || op == WN_OP_LOG || op == WN_OP_EXP ||
			    op == WN_OP_SQRT || op >= WN_OP_MIN;

		if (word && str_is(name, wn_op_infos[op].label))
			return op;
	}
	return WN_OPS;
}

static bool parse_name(struct parser *p, const struct token *token, struct operand *out)
{
	struct wn_name name = {.kind = WN_NAME_TERM};

	if (p->scope->resolve(p->scope->self, token->raw.ptr, token->raw.len, &name))
		return emit_name(p, token, &name, out);
	if (function_named(token->raw) != WN_OPS)
		return wn_parse_fault(p, token->at,
			"'%.*s' is a function: its arguments go in parentheses",
			STR_ARG(token->raw));
	return wn_parse_fault(p, token->at, "there is no feature or fact named '%.*s'",
		STR_ARG(wn_parse_shown(token->raw)));
}

/* ---- functions ------------------------------------------------------------------------------- */

/* The type that argument `count` (from 0) must have, after the ones before it. */
static bool check_argument(struct parser *p, enum wn_op op, size_t count, const struct operand *x,
	enum wn_expression_type *result)
{
	const struct wn_op_info *info = &wn_op_infos[op];
	bool free;
	char who[24];

	snprintf(who, sizeof(who), "'%s'", info->label);
	if (info->types == WN_TYPES_NUMBERS)
		return expect_type(p, x, WN_TYPE_NUMBER, who);
	if (info->types == WN_TYPES_CHOICE && count == 0)
		return expect_type(p, x, WN_TYPE_BOOLEAN, who);
	free = count == (info->types == WN_TYPES_CHOICE ? 1 : 0);
	if (free && !x->is_text && x->type != WN_TYPE_WORD)
		*result = x->type;
	return expect_type(p, x, *result, who);
}

static bool parse_arguments(
	struct parser *p, enum wn_op op, size_t *count, enum wn_expression_type *result)
{
	const struct wn_op_info *info = &wn_op_infos[op];

	*count = 0;
	if (wn_token_is(p, ")"))
		return true;
	for (;;) {
		struct operand x;

		if (!parse_or(p, &x))
			return false;
		/* Too many are counted, not judged. */
		if (*count < info->most && !check_argument(p, op, *count, &x, result))
			return false;
		(*count)++;
		if (!wn_token_is(p, ","))
			return true;
		if (!wn_parse_next(p))
			return false;
	}
}

static bool parse_call(struct parser *p, const struct token *token, struct operand *out)
{
	enum wn_op op = function_named(token->raw);
	enum wn_expression_type result = WN_TYPE_NUMBER;
	const struct wn_op_info *info;
	size_t count;

	if (op == WN_OPS)
		return wn_parse_fault(p, token->at, "there is no function '%.*s'",
			STR_ARG(wn_parse_shown(token->raw)));
	info = &wn_op_infos[op];
	if (!enter(p, token->at) || !wn_parse_next(p) || !parse_arguments(p, op, &count, &result))
		return false;
	if (!wn_token_is(p, ")"))
		return wn_parse_unexpected(p, "',' or ')'");
	if (count < info->least || count > info->most) {
		if (info->least == info->most)
			return wn_parse_fault(p, token->at, "'%s' takes %u argument%s, not %zu",
				info->label, (unsigned)info->least, info->least == 1 ? "" : "s",
				count);
		return wn_parse_fault(p, token->at, "'%s' takes %u arguments or more, not %zu",
			info->label, (unsigned)info->least, count);
	}
	p->nesting--;
	*out = (struct operand){.type = result, .at = token->at};
	return wn_parse_next(p) &&
	       emit(p, token->at, (struct wn_node){.op = (uint16_t)op, .arity = (uint16_t)count});
}

/* ---- primaries ------------------------------------------------------------------------------- */

static bool parse_number(struct parser *p, struct operand *out)
{
	double value = wn_decimal(p->token.raw.ptr, p->token.raw.len);
	size_t at = p->token.at;

	*out = (struct operand){.type = WN_TYPE_NUMBER, .at = at};
	if (isnan(value))
		return wn_parse_fault(
			p, at, "this number has more than %d digits", WN_DECIMAL_DIGITS);
	if (isinf(value))
		return wn_parse_fault(p, at, "this number is too large");
	return wn_parse_next(p) &&
	       emit(p, at, (struct wn_node){.op = WN_OP_NUMBER, .number = value});
}

static bool parse_group(struct parser *p, struct operand *out)
{
	size_t at = p->token.at;

	if (!enter(p, at) || !wn_parse_next(p) || !parse_or(p, out))
		return false;
	if (!wn_token_is(p, ")"))
		return wn_parse_unexpected(p, "')'");
	p->nesting--;
	return wn_parse_next(p);
}

static bool parse_word(struct parser *p, struct operand *out)
{
	const struct token token = p->token;
	bool truth = str_is(token.raw, "true");

	if (str_is(token.raw, "and") || str_is(token.raw, "or") || str_is(token.raw, "not"))
		return wn_parse_unexpected(p, "a value");
	if (!wn_parse_next(p))
		return false;
	if (wn_token_is(p, "("))
		return parse_call(p, &token, out);
	if (!truth && !str_is(token.raw, "false"))
		return parse_name(p, &token, out);
	*out = (struct operand){.type = WN_TYPE_BOOLEAN, .at = token.at};
	return emit(p, token.at, (struct wn_node){.op = truth ? WN_OP_TRUE : WN_OP_FALSE});
}

static bool parse_primary(struct parser *p, struct operand *out)
{
	switch (p->token.kind) {
	case TOKEN_NUMBER: return parse_number(p, out);
	case TOKEN_NAME: return parse_word(p, out);
	case TOKEN_TEXT:
		*out = (struct operand){.type = WN_TYPE_WORD,
			.at = p->token.at,
			.is_text = true,
			.text = p->token.raw};
		return wn_parse_next(p);
	default: break;
	}
	return wn_token_is(p, "(") ? parse_group(p, out) : wn_parse_unexpected(p, "a value");
}

/* ---- infixes --------------------------------------------------------------------------------- */

struct infix {
	const char *sign;
	enum wn_op op;
};

static enum wn_op operator_here(const struct parser *p, const struct infix *infixes)
{
	for (; infixes->sign; infixes++) {
		if (wn_token_is(p, infixes->sign))
			return infixes->op;
	}
	return WN_OPS;
}

/* The right side is parsed by `parse`; both are numbers (or booleans) and so is the result. */
static bool parse_right(struct parser *p, enum wn_op op, enum wn_expression_type type,
	bool (*parse)(struct parser *p, struct operand *out), struct operand *left)
{
	size_t at = p->token.at;
	struct operand right;
	char who[16];

	snprintf(who, sizeof(who), "'%s'", wn_op_infos[op].label);
	if (!expect_type(p, left, type, who) || !wn_parse_next(p) || !parse(p, &right) ||
		!expect_type(p, &right, type, who))
		return false;
	*left = (struct operand){.type = type, .at = left->at};
	return emit(p, at, (struct wn_node){.op = (uint16_t)op, .arity = 2});
}

static bool parse_chain(struct parser *p, const struct infix *infixes, enum wn_expression_type type,
	bool (*parse)(struct parser *p, struct operand *out), struct operand *out)
{
	enum wn_op op;

	if (!parse(p, out))
		return false;
	while ((op = operator_here(p, infixes)) != WN_OPS) {
		if (!parse_right(p, op, type, parse, out))
			return false;
	}
	return true;
}

static bool parse_power(struct parser *p, struct operand *out)
{
	bool parsed;

	if (!parse_primary(p, out))
		return false;
	if (!wn_token_is(p, "^"))
		return true;
	/* The right side may have a power of its own. */
	if (!enter(p, p->token.at))
		return false;
	parsed = parse_right(p, WN_OP_POWER, WN_TYPE_NUMBER, parse_unary, out);
	p->nesting--;
	return parsed;
}

/* An operator before its operand. */
static bool parse_prefix(struct parser *p, enum wn_op op, enum wn_expression_type type,
	bool (*parse)(struct parser *p, struct operand *out), struct operand *out)
{
	size_t at = p->token.at;
	char who[16];

	snprintf(who, sizeof(who), "'%s'", wn_op_infos[op].label);
	if (!enter(p, at) || !wn_parse_next(p) || !parse(p, out) || !expect_type(p, out, type, who))
		return false;
	p->nesting--;
	*out = (struct operand){.type = type, .at = at};
	return emit(p, at, (struct wn_node){.op = (uint16_t)op, .arity = 1});
}

static bool parse_unary(struct parser *p, struct operand *out)
{
	if (wn_token_is(p, "-"))
		return parse_prefix(p, WN_OP_NEGATE, WN_TYPE_NUMBER, parse_unary, out);
	return parse_power(p, out);
}

static bool parse_product(struct parser *p, struct operand *out)
{
	static const struct infix products[] = {
		{"*", WN_OP_MULTIPLY}, {"/", WN_OP_DIVIDE}, {NULL, WN_OPS}};

	return parse_chain(p, products, WN_TYPE_NUMBER, parse_unary, out);
}

static bool parse_sum(struct parser *p, struct operand *out)
{
	static const struct infix sums[] = {
		{"+", WN_OP_ADD}, {"-", WN_OP_SUBTRACT}, {NULL, WN_OPS}};

	return parse_chain(p, sums, WN_TYPE_NUMBER, parse_product, out);
}

/* ---- comparisons ----------------------------------------------------------------------------- */

static bool emit_word(struct parser *p, const struct operand *text)
{
	struct wn_expression_draft *draft = p->draft;
	size_t i = 0;

	while (i < draft->word_count &&
		!str_eq(text->text,
			(struct str){p->text.ptr + draft->words[i].offset, draft->words[i].length}))
		i++;
	if (i == WN_EXPRESSION_MAX_WORDS)
		return wn_parse_fault(p, text->at, "there are more than %d different texts",
			WN_EXPRESSION_MAX_WORDS);
	if (i == draft->word_count) {
		draft->words[i].offset = (uint32_t)(text->text.ptr - p->text.ptr);
		draft->words[i].length = (uint32_t)text->text.len;
		draft->word_count++;
	}
	return emit(p, text->at, (struct wn_node){.op = WN_OP_TEXT, .index = (uint32_t)i});
}

static bool no_such_category(
	struct parser *p, const struct operand *category, const struct operand *text)
{
	char values[128] = "";
	size_t used = 0;

	for (size_t i = 0; i < category->category_count; i++) {
		size_t length = strlen(category->categories[i]);

		if (used + length + 8 > sizeof(values)) {
			memcpy(values + used, ", …", sizeof(", …"));
			break;
		}
		used += (size_t)snprintf(values + used, sizeof(values) - used, "%s%s",
			i > 0 ? ", " : "", category->categories[i]);
	}
	return wn_parse_fault(p, text->at, "'%.*s' has no value \"%.*s\", but %s",
		STR_ARG(wn_parse_shown(category->name)), STR_ARG(wn_parse_shown(text->text)),
		values);
}

static bool emit_category(
	struct parser *p, const struct operand *category, const struct operand *text)
{
	for (size_t i = 0; i < category->category_count; i++) {
		if (str_is(text->text, category->categories[i]))
			return emit(p, text->at,
				(struct wn_node){.op = WN_OP_CATEGORY, .number = (double)i});
	}
	return no_such_category(p, category, text);
}

/* One of the two is a text. */
static bool compare_text(
	struct parser *p, enum wn_op op, const struct operand *left, const struct operand *right)
{
	const struct operand *text = left->is_text ? left : right;
	const struct operand *other = left->is_text ? right : left;

	if (other->is_text)
		return wn_parse_fault(p, other->at, "two texts are not compared with each other");
	if (other->type != WN_TYPE_WORD && !other->is_category)
		return wn_parse_fault(p, text->at,
			"a text can be compared with a word or a category, and the other side is "
			"neither");
	if (op != WN_OP_EQUAL && op != WN_OP_DIFFERS)
		return wn_parse_fault(p, text->at,
			"a text is compared by '==' or '!=', not by '%s'", wn_op_infos[op].label);
	return other->is_category ? emit_category(p, other, text) : emit_word(p, text);
}

static bool compare_values(
	struct parser *p, enum wn_op op, const struct operand *left, const struct operand *right)
{
	bool booleans = left->type == WN_TYPE_BOOLEAN && wn_op_infos[op].types == WN_TYPES_SAME;
	enum wn_expression_type type = booleans ? WN_TYPE_BOOLEAN : WN_TYPE_NUMBER;
	char who[16];

	snprintf(who, sizeof(who), "'%s'", wn_op_infos[op].label);
	return expect_type(p, left, type, who) && expect_type(p, right, type, who);
}

static bool parse_compare(struct parser *p, struct operand *out)
{
	static const struct infix comparisons[] = {{"<", WN_OP_LESS}, {"<=", WN_OP_AT_MOST},
		{">", WN_OP_GREATER}, {">=", WN_OP_AT_LEAST}, {"==", WN_OP_EQUAL},
		{"!=", WN_OP_DIFFERS}, {NULL, WN_OPS}};
	struct operand right;
	size_t at;
	enum wn_op op;
	bool sound;

	if (!parse_sum(p, out))
		return false;
	at = p->token.at;
	op = operator_here(p, comparisons);
	if (op == WN_OPS)
		return true;
	if (!wn_parse_next(p) || !parse_sum(p, &right))
		return false;
	if (operator_here(p, comparisons) != WN_OPS)
		return wn_parse_fault(p, p->token.at,
			"comparisons do not chain: join two of them by 'and' instead");
	sound = out->is_text || right.is_text ? compare_text(p, op, out, &right)
					      : compare_values(p, op, out, &right);
	*out = (struct operand){.type = WN_TYPE_BOOLEAN, .at = out->at};
	return sound && emit(p, at, (struct wn_node){.op = (uint16_t)op, .arity = 2});
}

/* ---- logic ----------------------------------------------------------------------------------- */

static bool parse_not(struct parser *p, struct operand *out)
{
	if (wn_token_is(p, "not"))
		return parse_prefix(p, WN_OP_NOT, WN_TYPE_BOOLEAN, parse_not, out);
	return parse_compare(p, out);
}

static bool parse_and(struct parser *p, struct operand *out)
{
	static const struct infix ands[] = {{"and", WN_OP_AND}, {NULL, WN_OPS}};

	return parse_chain(p, ands, WN_TYPE_BOOLEAN, parse_not, out);
}

static bool parse_or(struct parser *p, struct operand *out)
{
	static const struct infix ors[] = {{"or", WN_OP_OR}, {NULL, WN_OPS}};

	return parse_chain(p, ors, WN_TYPE_BOOLEAN, parse_and, out);
}

static bool parse_whole(struct parser *p)
{
	struct operand whole;

	if (p->text.len > WN_EXPRESSION_MAX_BYTES)
		return wn_parse_fault(
			p, 0, "the expression is longer than %d bytes", WN_EXPRESSION_MAX_BYTES);
	if (!wn_parse_next(p))
		return false;
	if (p->token.kind == TOKEN_END)
		return wn_parse_fault(p, 0, "the expression is empty");
	if (!parse_or(p, &whole))
		return false;
	if (p->token.kind != TOKEN_END)
		return wn_parse_unexpected(p, "an operator or the end");
	return expect_type(p, &whole, WN_TYPE_NUMBER, "a score");
}

bool wn_expression_parse(const char *text, size_t length, const struct wn_scope *scope,
	struct wn_expression_draft *draft)
{
	struct parser parser = {
		.text = {length ? text : "", length}, .scope = scope, .draft = draft};

	memset(draft, 0, sizeof(*draft));
	if (parse_whole(&parser))
		return true;
	draft->node_count = draft->word_count = 0;
	return false;
}

void wn_expression_bind(const struct wn_node *nodes, size_t node_count, const uint32_t *symbols,
	struct wn_node *out)
{
	for (size_t i = 0; i < node_count; i++) {
		out[i] = nodes[i];
		if (nodes[i].op == WN_OP_TEXT)
			out[i].index = symbols[nodes[i].index];
	}
}
