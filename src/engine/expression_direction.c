/*
 * Finds, by the signs that the bounds allow, which way the score goes with each input whose unknown
 * spans. Where each goes one way, the ends of the score are reached at corners, and a corner is one
 * evaluation.
 *
 * Every operation used here is monotone after rounding, too, but for log, exp and ^, of which only
 * the C library's word can be had.
 *
 * Unknown results must show at the corners as well. They do where each operation on the way passes
 * unknown on, because what is undefined (division by zero, overflow …) begins at an end. coalesce
 * and `if` stop unknown, and so do `and` and `or`, whose result some `if`, coalesce or == reads in
 * the end; so there an operand that spanning inputs can make unknown (`fragile`) gives the
 * direction up.
 */
#include "engine/expression_nodes.h"

struct aspect {
	struct wn_span span; /* over all bounds */
	struct wn_directions goes;
	bool fragile;
};

static void join(struct wn_term_set *to, const struct wn_term_set *from)
{
	for (size_t i = 0; i < WN_TERM_WORDS; i++)
		to->bits[i] |= from->bits[i];
}

static bool depends(const struct aspect *a)
{
	uint64_t any = 0;

	for (size_t i = 0; i < WN_TERM_WORDS; i++)
		any |= a->goes.up.bits[i] | a->goes.down.bits[i];
	return any != 0;
}

/* The result rises with the operand; falls; either. */
enum way { WITH = 1, AGAINST = 2, EITHER = WITH | AGAINST };

static void follow(struct wn_directions *to, const struct aspect *operand, enum way way)
{
	if (way & WITH) {
		join(&to->up, &operand->goes.up);
		join(&to->down, &operand->goes.down);
	}
	if (way & AGAINST) {
		join(&to->up, &operand->goes.down);
		join(&to->down, &operand->goes.up);
	}
}

/* A factor of this sign. */
static enum way way_of_sign(struct wn_span factor)
{
	return factor.low >= 0 ? WITH : factor.high <= 0 ? AGAINST : EITHER;
}

static enum way reverse(enum way way)
{
	return way == WITH ? AGAINST : way == AGAINST ? WITH : EITHER;
}

static void follow_quotient(struct wn_directions *to, const struct aspect *x)
{
	enum way divisor = way_of_sign(x[1].span);

	follow(to, &x[0], divisor);
	follow(to, &x[1], divisor == EITHER ? EITHER : reverse(way_of_sign(x[0].span)));
}

static enum way way_of_base(struct wn_span base, struct wn_span exponent)
{
	double n = exponent.low;

	if (n == exponent.high && n == rint(n) && base.low < 0) {
		enum way sign = way_of_sign(base);
		bool even = fmod(n, 2) == 0;

		if (n >= 0)
			return even ? sign : WITH;
		return sign == EITHER ? EITHER : even ? reverse(sign) : AGAINST;
	}
	return base.low >= 0 ? way_of_sign(exponent) : EITHER;
}

static enum way way_of_exponent(struct wn_span base)
{
	return base.low >= 1 ? WITH : base.low >= 0 && base.high <= 1 ? AGAINST : EITHER;
}

static void follow_choice(struct wn_directions *to, const struct aspect *x)
{
	bool steady = !x[0].fragile && !x[1].fragile && !x[2].fragile;
	enum way way = EITHER, branches = WITH;

	if (depends(&x[0])) {
		if (x[1].span.low >= x[2].span.high)
			way = WITH;
		else if (x[1].span.high <= x[2].span.low)
			way = AGAINST;
		if (!steady)
			way = branches = EITHER;
		follow(to, &x[0], way);
	}
	follow(to, &x[1], branches);
	follow(to, &x[2], branches);
}

static void follow_coalesce(struct wn_directions *to, const struct aspect *x, size_t count)
{
	enum way way = WITH;

	for (size_t i = 0; i + 1 < count; i++) {
		if (x[i].fragile)
			way = EITHER;
	}
	for (size_t i = 0; i < count; i++)
		follow(to, &x[i], way);
}

static void follow_all(
	struct wn_directions *to, const struct aspect *x, enum way first, enum way second)
{
	follow(to, &x[0], first);
	follow(to, &x[1], second);
}

static void follow_operands(
	struct wn_directions *to, const struct wn_node *node, const struct aspect *x)
{
	switch (node->op) {
	case WN_OP_NEGATE:
	case WN_OP_NOT: follow(to, x, AGAINST); return;
	case WN_OP_ABS: follow(to, x, way_of_sign(x[0].span)); return;
	case WN_OP_SUBTRACT:
	case WN_OP_GREATER:
	case WN_OP_AT_LEAST: follow_all(to, x, WITH, AGAINST); return;
	case WN_OP_LESS:
	case WN_OP_AT_MOST: follow_all(to, x, AGAINST, WITH); return;
	case WN_OP_EQUAL:
	case WN_OP_DIFFERS: follow_all(to, x, EITHER, EITHER); return;
	case WN_OP_MULTIPLY:
		follow_all(to, x, way_of_sign(x[1].span), way_of_sign(x[0].span));
		return;
	case WN_OP_DIVIDE: follow_quotient(to, x); return;
	case WN_OP_POWER:
		follow_all(to, x, way_of_base(x[0].span, x[1].span), way_of_exponent(x[0].span));
		return;
	case WN_OP_IF: follow_choice(to, x); return;
	case WN_OP_COALESCE: follow_coalesce(to, x, node->arity); return;
	default: break;
	}
	for (size_t i = 0; i < node->arity; i++)
		follow(to, &x[i], WITH);
}

/* Can the operation itself, on what is known, give unknown? */
static bool can_fail(const struct wn_node *node, const struct aspect *x)
{
	struct wn_span spans[WN_EXPRESSION_MAX_DEPTH];

	for (size_t i = 0; i < node->arity; i++) {
		spans[i] = x[i].span;
		spans[i].maybe = isnan(spans[i].low);
	}
	return wn_span_apply(node, spans).maybe;
}

/* Does whether the result is known rest on which way a condition goes? */
static bool decides_knowledge(const struct wn_node *node, const struct aspect *x)
{
	if (node->op == WN_OP_AND || node->op == WN_OP_OR)
		return x[0].span.maybe || x[1].span.maybe;
	if (node->op == WN_OP_IF)
		return depends(&x[0]) && (x[1].span.maybe || x[2].span.maybe);
	return false;
}

static struct aspect aspect_of(const struct wn_node *node, const struct aspect *x)
{
	struct wn_span spans[WN_EXPRESSION_MAX_DEPTH];
	struct aspect result = {.fragile = false};

	for (size_t i = 0; i < node->arity; i++) {
		spans[i] = x[i].span;
		result.fragile = result.fragile || x[i].fragile;
	}
	result.span = wn_span_apply(node, spans);
	follow_operands(&result.goes, node, x);
	if (depends(&result) && (can_fail(node, x) || decides_knowledge(node, x)))
		result.fragile = true;
	return result;
}

static struct aspect leaf_aspect(const struct wn_leaves *leaves, const struct wn_node *node)
{
	struct aspect leaf = {.span = wn_leaf_bounds(leaves, node)};
	uint32_t term = node->index;

	if ((node->op == WN_OP_TERM || node->op == WN_OP_FLAG) &&
		leaves->model->terms[term].unknown == WN_UNKNOWN_SPAN)
		leaf.goes.up.bits[term / 64] |= UINT64_C(1) << term % 64;
	return leaf;
}

void wn_expression_directions(const struct wn_model *model, struct wn_directions *out)
{
	const struct wn_expression *expression = model->spec.expression;
	const struct wn_leaves leaves = {.span = wn_leaf_bounds, .model = model};
	struct aspect stack[WN_EXPRESSION_MAX_DEPTH] = {{.fragile = false}};
	size_t depth = 0;

	for (size_t i = 0; i < expression->node_count; i++) {
		const struct wn_node *node = &expression->nodes[i];
		struct aspect aspect;

		depth -= node->arity;
		aspect = node->arity == 0 ? leaf_aspect(&leaves, node)
					  : aspect_of(node, stack + depth);
		stack[depth++] = aspect;
	}
	*out = stack[0].goes;
}

bool wn_expression_exact(const struct wn_model *model, const struct wn_directions *directions)
{
	for (size_t i = 0; i < model->term_count; i++) {
		if (wn_term_in(&directions->up, i) && wn_term_in(&directions->down, i))
			return false;
	}
	return true;
}
