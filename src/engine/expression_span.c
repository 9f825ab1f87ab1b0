/*
 * Interval arithmetic over expressions: what a value can be while inputs are unknown.
 *
 * Rounding to nearest is monotone, so the rounded ends of + - * / and sqrt hold every rounded value
 * between them, without rounding outwards. log, exp and ^ are the C library's, correct to one unit
 * in the last place; their ends are moved outwards by two.
 */
#include "engine/expression_nodes.h"
#include "engine/kind.h"

static const double tiny = DBL_TRUE_MIN; /* the least value above 0 */

static bool is_empty(struct wn_span a)
{
	return isnan(a.low);
}

/* What lies beyond the finite numbers is unknown. */
static struct wn_span span(double low, double high, bool maybe)
{
	if (isnan(low) || isnan(high) || low > DBL_MAX || high < -DBL_MAX)
		return WN_SPAN_UNKNOWN;
	return (struct wn_span){low, high, maybe || isinf(low) || isinf(high)};
}

/* Either's values; known where both are. */
static struct wn_span hull(struct wn_span a, struct wn_span b)
{
	if (is_empty(a) || is_empty(b)) {
		struct wn_span known = is_empty(a) ? b : a;

		known.maybe = true;
		return known;
	}
	return (struct wn_span){fmin(a.low, b.low), fmax(a.high, b.high), a.maybe || b.maybe};
}

static struct wn_span add(struct wn_span a, struct wn_span b)
{
	return span(a.low + b.low, a.high + b.high, a.maybe || b.maybe);
}

static struct wn_span negate(struct wn_span a)
{
	return (struct wn_span){-a.high, -a.low, a.maybe};
}

/* Of the four corners; where one has no value (0 times infinity, infinity over infinity), 0 is a
 * bound of what comes near it. */
static struct wn_span corners(const double x[4], bool maybe)
{
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < 4; i++) {
		double value = isnan(x[i]) ? 0 : x[i];

		low = fmin(low, value);
		high = fmax(high, value);
	}
	return span(low, high, maybe);
}

static struct wn_span multiply(struct wn_span a, struct wn_span b)
{
	const double x[4] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};

	return corners(x, a.maybe || b.maybe);
}

/* 0 is not in b. */
static struct wn_span divide_by_signed(struct wn_span a, struct wn_span b)
{
	const double x[4] = {a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high};

	return corners(x, a.maybe || b.maybe);
}

static struct wn_span below_zero(struct wn_span a)
{
	return a.low < 0 ? (struct wn_span){a.low, fmin(a.high, -tiny), a.maybe} : WN_SPAN_UNKNOWN;
}

static struct wn_span above_zero(struct wn_span a)
{
	return a.high > 0 ? (struct wn_span){fmax(a.low, tiny), a.high, a.maybe} : WN_SPAN_UNKNOWN;
}

static struct wn_span divide(struct wn_span a, struct wn_span b)
{
	struct wn_span negative = below_zero(b), positive = above_zero(b), result;

	if (b.low > 0 || b.high < 0)
		return divide_by_signed(a, b);
	result = WN_SPAN_UNKNOWN;
	if (!is_empty(negative))
		result = hull(result, divide_by_signed(a, negative));
	if (!is_empty(positive))
		result = hull(result, divide_by_signed(a, positive));
	return result;
}

static double outwards(double x, double towards)
{
	return x == 0 ? x : nextafter(nextafter(x, towards), towards);
}

static struct wn_span widened(struct wn_span a)
{
	return is_empty(a) ? a
			   : span(outwards(a.low, -INFINITY), outwards(a.high, INFINITY), a.maybe);
}

static struct wn_span logarithm(struct wn_span a)
{
	struct wn_span positive = above_zero(a);

	if (is_empty(positive))
		return WN_SPAN_UNKNOWN;
	return widened(span(log(positive.low), log(positive.high), a.maybe || a.low <= 0));
}

static struct wn_span exponential(struct wn_span a)
{
	return widened(span(exp(a.low), exp(a.high), a.maybe));
}

static struct wn_span square_root(struct wn_span a)
{
	if (a.high < 0)
		return WN_SPAN_UNKNOWN;
	return span(a.low > 0 ? sqrt(a.low) : 0, sqrt(a.high), a.maybe || a.low < 0);
}

static struct wn_span absolute(struct wn_span a)
{
	if (a.low >= 0)
		return a;
	if (a.high <= 0)
		return negate(a);
	return (struct wn_span){0, fmax(-a.low, a.high), a.maybe};
}

/* a above 0: y * ln(x) has its extremes at the corners. */
static struct wn_span power_of_positive(struct wn_span a, struct wn_span b)
{
	const double x[4] = {
		pow(a.low, b.low), pow(a.low, b.high), pow(a.high, b.low), pow(a.high, b.high)};

	return widened(corners(x, a.maybe || b.maybe));
}

/* a below 0: there is a result for whole exponents alone. */
static struct wn_span power_of_negative(struct wn_span a, struct wn_span b)
{
	struct wn_span size;

	if (b.low == b.high && b.low == rint(b.low)) {
		const double x[4] = {pow(a.low, b.low), pow(a.high, b.low), pow(a.low, b.low),
			pow(a.high, b.low)};

		return widened(corners(x, a.maybe || b.maybe));
	}
	if (floor(b.high) < b.low)
		return WN_SPAN_UNKNOWN;
	size = power_of_positive(negate(a), b);
	size.maybe = true;
	return is_empty(size) ? size : hull(size, negate(size));
}

static struct wn_span power_of_zero(struct wn_span b)
{
	struct wn_span result = WN_SPAN_UNKNOWN;
	bool maybe = b.maybe || b.low < 0;

	if (b.high > 0)
		result = wn_point(0);
	if (b.low <= 0 && b.high >= 0)
		result = is_empty(result) ? wn_point(1) : hull(result, wn_point(1));
	result.maybe = result.maybe || maybe;
	return result;
}

static struct wn_span power(struct wn_span a, struct wn_span b)
{
	struct wn_span parts[3], result = WN_SPAN_UNKNOWN;
	size_t count = 0;

	if (a.low < 0)
		parts[count++] = power_of_negative(below_zero(a), b);
	if (a.low <= 0 && a.high >= 0)
		parts[count++] = power_of_zero(b);
	if (a.high > 0)
		parts[count++] = power_of_positive(above_zero(a), b);
	for (size_t i = 0; i < count; i++)
		result = i == 0 ? parts[i] : hull(result, parts[i]);
	result.maybe = result.maybe || a.maybe;
	return result;
}

static struct wn_span least(struct wn_span a, struct wn_span b)
{
	return (struct wn_span){fmin(a.low, b.low), fmin(a.high, b.high), a.maybe || b.maybe};
}

static struct wn_span greatest(struct wn_span a, struct wn_span b)
{
	return (struct wn_span){fmax(a.low, b.low), fmax(a.high, b.high), a.maybe || b.maybe};
}

/* ---- booleans -------------------------------------------------------------------------------- */

static bool can_be(struct wn_span a, double truth)
{
	return a.low <= truth && a.high >= truth;
}

static struct wn_span truth(bool can_be_false, bool can_be_true, bool maybe)
{
	if (!can_be_false && !can_be_true)
		return WN_SPAN_UNKNOWN;
	return (struct wn_span){can_be_false ? 0 : 1, can_be_true ? 1 : 0, maybe};
}

static struct wn_span less(struct wn_span a, struct wn_span b)
{
	return truth(a.high >= b.low, a.low < b.high, a.maybe || b.maybe);
}

static struct wn_span at_most(struct wn_span a, struct wn_span b)
{
	return truth(a.high > b.low, a.low <= b.high, a.maybe || b.maybe);
}

static struct wn_span equal(struct wn_span a, struct wn_span b)
{
	bool points = a.low == a.high && b.low == b.high;
	bool meet = a.low <= b.high && b.low <= a.high;

	return truth(!points || a.low != b.low, meet, a.maybe || b.maybe);
}

static struct wn_span negation(struct wn_span a)
{
	return (struct wn_span){1 - a.high, 1 - a.low, a.maybe};
}

static struct wn_span both(struct wn_span a, struct wn_span b)
{
	return truth(can_be(a, 0) || can_be(b, 0), can_be(a, 1) && can_be(b, 1),
		(a.maybe && (can_be(b, 1) || b.maybe)) || (b.maybe && (can_be(a, 1) || a.maybe)));
}

static struct wn_span either(struct wn_span a, struct wn_span b)
{
	return negation(both(negation(a), negation(b)));
}

static struct wn_span choose(struct wn_span condition, struct wn_span yes, struct wn_span no)
{
	struct wn_span result = WN_SPAN_UNKNOWN;

	if (can_be(condition, 1) && can_be(condition, 0))
		result = hull(yes, no);
	else if (can_be(condition, 1))
		result = yes;
	else if (can_be(condition, 0))
		result = no;
	result.maybe = result.maybe || condition.maybe;
	return result;
}

static struct wn_span coalesce(struct wn_span a, struct wn_span b)
{
	if (is_empty(a))
		return b;
	if (!a.maybe)
		return a;
	a.maybe = false;
	if (is_empty(b)) {
		a.maybe = true;
		return a;
	}
	return hull(a, b);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static struct wn_span apply1(enum wn_op op, struct wn_span a)
{
	if (is_empty(a))
		return a;
	switch (op) {
	case WN_OP_NEGATE: return negate(a);
	case WN_OP_NOT: return negation(a);
	case WN_OP_ABS: return absolute(a);
	case WN_OP_LOG: return logarithm(a);
	case WN_OP_EXP: return exponential(a);
	case WN_OP_SQRT: return square_root(a);
	default: return WN_SPAN_UNKNOWN;
	}
}

static struct wn_span apply_strict2(enum wn_op op, struct wn_span a, struct wn_span b)
{
	if (is_empty(a) || is_empty(b))
		return WN_SPAN_UNKNOWN;
	switch (op) {
	case WN_OP_ADD: return add(a, b);
	case WN_OP_SUBTRACT: return add(a, negate(b));
	case WN_OP_MULTIPLY: return multiply(a, b);
	case WN_OP_DIVIDE: return divide(a, b);
	case WN_OP_POWER: return power(a, b);
	case WN_OP_LESS: return less(a, b);
	case WN_OP_AT_MOST: return at_most(a, b);
	case WN_OP_GREATER: return less(b, a);
	case WN_OP_AT_LEAST: return at_most(b, a);
	case WN_OP_EQUAL: return equal(a, b);
	case WN_OP_DIFFERS: return negation(equal(a, b));
	case WN_OP_MIN: return least(a, b);
	case WN_OP_MAX: return greatest(a, b);
	default: return WN_SPAN_UNKNOWN;
	}
}

static struct wn_span apply2(enum wn_op op, struct wn_span a, struct wn_span b)
{
	switch (op) {
	case WN_OP_AND: return both(a, b);
	case WN_OP_OR: return either(a, b);
	case WN_OP_COALESCE: return coalesce(a, b);
	default: return apply_strict2(op, a, b);
	}
}

static struct wn_span apply_points(const struct wn_node *node, const struct wn_span *x)
{
	enum wn_op op = (enum wn_op)node->op;
	double result = x[0].low;

	if (op == WN_OP_CLAMP)
		return wn_point(wn_clamp(x[0].low, x[1].low, x[2].low));
	if (op == WN_OP_IF)
		return wn_point(wn_choose(x[0].low, x[1].low, x[2].low));
	if (node->arity == 1)
		return wn_point(wn_apply1(op, result));
	for (size_t i = 1; i < node->arity; i++)
		result = wn_apply2(op, result, x[i].low);
	return wn_point(result);
}

struct wn_span wn_span_apply(const struct wn_node *node, const struct wn_span *x)
{
	enum wn_op op = (enum wn_op)node->op;
	struct wn_span result = x[0];
	bool points = true;

	for (size_t i = 0; i < node->arity; i++)
		points = points && (is_empty(x[i]) || (x[i].low == x[i].high && !x[i].maybe));
	if (points)
		return apply_points(node, x);
	if (op == WN_OP_CLAMP)
		return apply2(WN_OP_MIN, apply2(WN_OP_MAX, x[0], x[1]), x[2]);
	if (op == WN_OP_IF)
		return choose(x[0], x[1], x[2]);
	if (node->arity == 1)
		return apply1(op, result);
	for (size_t i = 1; i < node->arity; i++)
		result = apply2(op, result, x[i]);
	return result;
}

struct wn_span wn_leaf_bounds(const struct wn_leaves *self, const struct wn_node *node)
{
	const struct wn_term *term;

	switch (node->op) {
	case WN_OP_TERM:
	case WN_OP_FLAG:
		term = &self->model->terms[node->index];
		return (struct wn_span){node->op == WN_OP_FLAG ? 0 : term->lower,
			node->op == WN_OP_FLAG ? 1 : term->upper,
			term->unknown == WN_UNKNOWN_EXCLUDE};
	case WN_OP_AGE_DAYS: return (struct wn_span){0, INFINITY, true};
	case WN_OP_DAYS_TO_DUE: return (struct wn_span){-INFINITY, INFINITY, true};
	case WN_OP_FACT:
		return (struct wn_span){
			node->index == WN_ESTIMATE || node->index == WN_STRENGTH_ERROR ? 0
										       : -INFINITY,
			INFINITY, true};
	case WN_OP_WORD: return (struct wn_span){0, UINT32_MAX, false};
	case WN_OP_TEXT: return wn_point(node->index);
	case WN_OP_TRUE: return wn_point(1);
	case WN_OP_FALSE: return wn_point(0);
	default: return wn_point(node->number);
	}
}

static struct wn_span row_term(const struct wn_leaves *self, const struct wn_node *node)
{
	const struct wn_term *term = &self->model->terms[node->index];
	double value = wn_term_value(term, wn_value(self->rows, self->row, term->column));
	double low, high;

	if (isnan(value) && self->assumed)
		low = high = self->assumed[node->index];
	else
		wn_input_ends(term, value, &low, &high);
	if (isnan(low))
		return WN_SPAN_UNKNOWN;
	if (node->op == WN_OP_FLAG) {
		low = low != 0;
		high = high != 0;
	}
	return (struct wn_span){fmin(low, high), fmax(low, high), false};
}

struct wn_span wn_leaf_row(const struct wn_leaves *self, const struct wn_node *node)
{
	switch (node->op) {
	case WN_OP_TERM:
	case WN_OP_FLAG: return row_term(self, node);
	case WN_OP_AGE_DAYS:
	case WN_OP_DAYS_TO_DUE:
	case WN_OP_FACT:
	case WN_OP_WORD:
		return wn_point(wn_expression_fact(self->rows, self->row, self->now_s, node));
	default: return wn_leaf_bounds(self, node);
	}
}

struct wn_span wn_expression_spans(const struct wn_leaves *leaves, struct wn_span *each)
{
	const struct wn_expression *expression = leaves->model->spec.expression;
	struct wn_span stack[WN_EXPRESSION_MAX_DEPTH], last = WN_SPAN_UNKNOWN;
	size_t depth = 0;

	for (size_t i = 0; i < expression->node_count; i++) {
		const struct wn_node *node = &expression->nodes[i];

		depth -= node->arity;
		last = node->arity == 0 ? leaves->span(leaves, node)
					: wn_span_apply(node, stack + depth);
		if (each)
			each[i] = last;
		stack[depth++] = last;
	}
	return last;
}
