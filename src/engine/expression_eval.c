/*
 * Evaluates expressions over columns: a block of rows per instruction, on a stack of columns that
 * stays in the cache.
 */
#include "engine/expression_nodes.h"

static const double seconds_per_day = 86400.0;

double wn_expression_fact(
	const struct wn_rows *rows, size_t row, double now_s, const struct wn_node *node)
{
	double x;

	switch (node->op) {
	case WN_OP_AGE_DAYS:
		x = (now_s - wn_number_of(rows, row, WN_CREATED)) / seconds_per_day;
		return wn_finite(x < 0 ? 0 : x);
	case WN_OP_DAYS_TO_DUE:
		return wn_finite((wn_number_of(rows, row, WN_DUE) - now_s) / seconds_per_day);
	case WN_OP_WORD: return wn_word_of(rows, row, (enum wn_word)node->index);
	default: break;
	}
	x = wn_number_of(rows, row, (enum wn_number)node->index);
	/* Days and errors of less than nothing are not to be had; ranges rely on it. */
	if (x < 0 && (node->index == WN_ESTIMATE || node->index == WN_STRENGTH_ERROR))
		x = 0;
	return wn_finite(x);
}

static void fill(double *to, double value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[i] = value;
}

static void load_term(
	const struct wn_run *run, const struct wn_node *node, double assumed, double *to)
{
	const struct wn_term *term = &run->model->terms[node->index];
	const double *x =
		term->column < run->rows->column_count ? run->rows->columns[term->column] : NULL;

	for (size_t i = 0; i < run->count; i++) {
		double known = x ? wn_term_value(term, x[run->start + i]) : NAN;
		double value = isnan(known) ? assumed : known;
		double risen = value < term->lower ? term->lower : value;

		to[i] = risen > term->upper ? term->upper : risen;
	}
	if (node->op != WN_OP_FLAG)
		return;
	for (size_t i = 0; i < run->count; i++)
		to[i] = isnan(to[i]) ? NAN : to[i] != 0;
}

static void load(
	const struct wn_run *run, const struct wn_node *node, const double *assumed, double *to)
{
	switch (node->op) {
	case WN_OP_NUMBER:
	case WN_OP_CATEGORY: fill(to, node->number, run->count); return;
	case WN_OP_TRUE: fill(to, 1, run->count); return;
	case WN_OP_FALSE: fill(to, 0, run->count); return;
	case WN_OP_TEXT: fill(to, node->index, run->count); return;
	case WN_OP_TERM:
	case WN_OP_FLAG: load_term(run, node, assumed[node->index], to); return;
	default: break;
	}
	for (size_t i = 0; i < run->count; i++)
		to[i] = wn_expression_fact(run->rows, run->start + i, run->now_s, node);
}

/* The operation is a literal in each loop, so that nothing is chosen inside. */
#define EACH1(op)                                                                                  \
	case op:                                                                                   \
		for (size_t i = 0; i < count; i++)                                                 \
			x[i] = wn_apply1(op, x[i]);                                                \
		return
#define EACH2(op)                                                                                  \
	case op:                                                                                   \
		for (size_t i = 0; i < count; i++)                                                 \
			x[i] = wn_apply2(op, x[i], y[i]);                                          \
		return

static void apply1(enum wn_op op, double *x, size_t count)
{
	switch (op) {
		EACH1(WN_OP_NEGATE);
		EACH1(WN_OP_NOT);
		EACH1(WN_OP_ABS);
		EACH1(WN_OP_LOG);
		EACH1(WN_OP_EXP);
		EACH1(WN_OP_SQRT);
	default: return;
	}
}

static void apply2(enum wn_op op, double *restrict x, const double *restrict y, size_t count)
{
	switch (op) {
		EACH2(WN_OP_ADD);
		EACH2(WN_OP_SUBTRACT);
		EACH2(WN_OP_MULTIPLY);
		EACH2(WN_OP_DIVIDE);
		EACH2(WN_OP_POWER);
		EACH2(WN_OP_LESS);
		EACH2(WN_OP_AT_MOST);
		EACH2(WN_OP_GREATER);
		EACH2(WN_OP_AT_LEAST);
		EACH2(WN_OP_EQUAL);
		EACH2(WN_OP_DIFFERS);
		EACH2(WN_OP_AND);
		EACH2(WN_OP_OR);
		EACH2(WN_OP_MIN);
		EACH2(WN_OP_MAX);
		EACH2(WN_OP_COALESCE);
	default: return;
	}
}

static void apply(const struct wn_node *node, double (*x)[WN_EXPRESSION_ROWS], size_t count)
{
	switch (node->op) {
	case WN_OP_CLAMP:
		for (size_t i = 0; i < count; i++)
			x[0][i] = wn_clamp(x[0][i], x[1][i], x[2][i]);
		return;
	case WN_OP_IF:
		for (size_t i = 0; i < count; i++)
			x[0][i] = wn_choose(x[0][i], x[1][i], x[2][i]);
		return;
	default: break;
	}
	if (node->arity == 1)
		apply1((enum wn_op)node->op, x[0], count);
	for (size_t operand = 1; operand < node->arity; operand++)
		apply2((enum wn_op)node->op, x[0], x[operand], count);
}

void wn_expression_columns(const struct wn_run *run, const double *assumed, wn_column_stack stack)
{
	const struct wn_expression *expression = run->model->spec.expression;
	size_t depth = 0;

	for (size_t i = 0; i < expression->node_count; i++) {
		const struct wn_node *node = &expression->nodes[i];

		depth -= node->arity;
		if (node->arity == 0)
			load(run, node, assumed, stack[depth]);
		else
			apply(node, stack + depth, run->count);
		depth++;
	}
}
