/*
 * The instructions of expressions, shared by their parser, their evaluators and the kind. Postfix:
 * each node takes its operands from a stack and leaves one value there.
 *
 * A value is a double: a number, 0 or 1 for a boolean, the symbol of a word (0: the row has none).
 * NaN is unknown. The same inline functions work for columns and for single values, so both give
 * the same bits.
 */
#ifndef WINNOW_ENGINE_EXPRESSION_NODES_H
#define WINNOW_ENGINE_EXPRESSION_NODES_H

#include <float.h>
#include <math.h>

#include "winnow/expression.h"
#include "winnow/model.h"

enum wn_op {
	WN_OP_NUMBER,
	WN_OP_CATEGORY, /* a category's place; `number` too */
	WN_OP_TRUE,
	WN_OP_FALSE,
	WN_OP_TERM,
	WN_OP_FLAG, /* a boolean input */
	WN_OP_FACT, /* enum wn_number */
	WN_OP_AGE_DAYS,
	WN_OP_DAYS_TO_DUE,
	WN_OP_WORD, /* enum wn_word */
	WN_OP_TEXT, /* a word to compare with */
	WN_OP_NEGATE,
	WN_OP_NOT,
	WN_OP_ABS,
	WN_OP_LOG,
	WN_OP_EXP,
	WN_OP_SQRT,
	WN_OP_ADD,
	WN_OP_SUBTRACT,
	WN_OP_MULTIPLY,
	WN_OP_DIVIDE,
	WN_OP_POWER,
	WN_OP_LESS,
	WN_OP_AT_MOST,
	WN_OP_GREATER,
	WN_OP_AT_LEAST,
	WN_OP_EQUAL,
	WN_OP_DIFFERS,
	WN_OP_AND,
	WN_OP_OR,
	WN_OP_MIN,
	WN_OP_MAX,
	WN_OP_CLAMP,
	WN_OP_IF,
	WN_OP_COALESCE,
	WN_OPS
};

/* What an operation asks of its operands' types, and what it gives. */
enum wn_op_types {
	WN_TYPES_NUMBERS,  /* numbers give a number */
	WN_TYPES_COMPARE,  /* numbers give a boolean */
	WN_TYPES_SAME,     /* two of one type give a boolean */
	WN_TYPES_LOGIC,    /* booleans give a boolean */
	WN_TYPES_CHOICE,   /* a boolean, then two of one type: that type */
	WN_TYPES_COALESCE, /* all of one type: that type */
	WN_TYPES_BOOLEAN,  /* leaves */
	WN_TYPES_WORD,
};
struct wn_op_info {
	const char *label;
	uint16_t least, most; /* operands */
	enum wn_op_types types;
};
extern const struct wn_op_info wn_op_infos[WN_OPS];

#define WN_ALWAYS_INLINE inline __attribute__((always_inline))

/* What is not finite is unknown. */
static WN_ALWAYS_INLINE double wn_finite(double x)
{
	return fabs(x) <= DBL_MAX ? x : NAN;
}

/* x^y; the C library's pow makes 1 of 1^NaN and NaN^0. */
static WN_ALWAYS_INLINE double wn_power(double x, double y)
{
	return isunordered(x, y) ? NAN : wn_finite(pow(x, y));
}

static WN_ALWAYS_INLINE double wn_apply1(enum wn_op op, double x)
{
	switch (op) {
	case WN_OP_NEGATE: return -x;
	case WN_OP_NOT: return 1.0 - x;
	case WN_OP_ABS: return fabs(x);
	case WN_OP_LOG: return x > 0 ? wn_finite(log(x)) : NAN;
	case WN_OP_EXP: return wn_finite(exp(x));
	case WN_OP_SQRT: return x >= 0 ? sqrt(x) : NAN;
	default: return NAN;
	}
}

static WN_ALWAYS_INLINE double wn_apply2(enum wn_op op, double x, double y)
{
	bool unknown = isunordered(x, y);

	switch (op) {
	case WN_OP_ADD: return wn_finite(x + y);
	case WN_OP_SUBTRACT: return wn_finite(x - y);
	case WN_OP_MULTIPLY: return wn_finite(x * y);
	case WN_OP_DIVIDE: return y == 0 ? NAN : wn_finite(x / y);
	case WN_OP_POWER: return wn_power(x, y);
	case WN_OP_LESS: return unknown ? NAN : x < y;
	case WN_OP_AT_MOST: return unknown ? NAN : x <= y;
	case WN_OP_GREATER: return unknown ? NAN : x > y;
	case WN_OP_AT_LEAST: return unknown ? NAN : x >= y;
	case WN_OP_EQUAL: return unknown ? NAN : x == y;
	case WN_OP_DIFFERS: return unknown ? NAN : x != y;
	case WN_OP_AND: return x == 0 || y == 0 ? 0.0 : unknown ? NAN : 1.0;
	case WN_OP_OR: return x == 1 || y == 1 ? 1.0 : unknown ? NAN : 0.0;
	case WN_OP_MIN: return unknown ? NAN : y < x ? y : x;
	case WN_OP_MAX: return unknown ? NAN : y > x ? y : x;
	case WN_OP_COALESCE: return isnan(x) ? y : x;
	default: return NAN;
	}
}

static WN_ALWAYS_INLINE double wn_clamp(double x, double low, double high)
{
	return wn_apply2(WN_OP_MIN, wn_apply2(WN_OP_MAX, x, low), high);
}

static WN_ALWAYS_INLINE double wn_choose(double condition, double yes, double no)
{
	return isnan(condition) ? NAN : condition != 0 ? yes : no;
}

/* ---- spans: what a value can be (expression_span.c) ------------------------------------------ */

/* All values from low to high, infinite where there is no bound; NaN both: none. With `maybe` it
 * can be unknown, too. Booleans are spans of 0 and 1. */
struct wn_span {
	double low, high;
	bool maybe;
};
#define WN_SPAN_UNKNOWN ((struct wn_span){NAN, NAN, true})

static inline struct wn_span wn_point(double x)
{
	return (struct wn_span){x, x, isnan(x)};
}

/* Holds whatever the node gives for operands out of these. The same bits as the operation itself
 * where each operand is a point. */
struct wn_span wn_span_apply(const struct wn_node *node, const struct wn_span *operands);

/* The span of a leaf. */
struct wn_leaves {
	struct wn_span (*span)(const struct wn_leaves *self, const struct wn_node *node);
	const struct wn_model *model;
	/* of one row: */
	const struct wn_rows *rows;
	size_t row;
	double now_s;
	const double *assumed; /* per term, what an unknown counts as; NULL: all of its span */
};
struct wn_span wn_leaf_bounds(const struct wn_leaves *self, const struct wn_node *node);
struct wn_span wn_leaf_row(const struct wn_leaves *self, const struct wn_node *node);
/* The whole's; `each` takes every node's when it is not NULL. */
struct wn_span wn_expression_spans(const struct wn_leaves *leaves, struct wn_span *each);

/* ---- directions: which way the score goes with an input (expression_direction.c) ------------- */

/* Inputs as bits. */
enum { WN_TERM_WORDS = WN_MAX_TERMS / 64 };
struct wn_term_set {
	uint64_t bits[WN_TERM_WORDS];
};

static inline bool wn_term_in(const struct wn_term_set *set, size_t term)
{
	return set->bits[term / 64] >> term % 64 & 1;
}

/* Of the inputs whose unknown spans: may the score rise, may it fall when the input rises? An input
 * in neither set is not read. In both: not monotone, or what is unknown could be missed between the
 * ends. */
struct wn_directions {
	struct wn_term_set up, down;
};
void wn_expression_directions(const struct wn_model *model, struct wn_directions *out);
bool wn_expression_exact(const struct wn_model *model, const struct wn_directions *directions);

/* ---- values (expression_eval.c) -------------------------------------------------------------- */

double wn_expression_fact(const struct wn_rows *rows, size_t row, double now_s,
	const struct wn_node *node); /* facts and words */

/* Rows that are evaluated at once. */
enum { WN_EXPRESSION_ROWS = 128 };
struct wn_run {
	const struct wn_model *model;
	const struct wn_rows *rows;
	double now_s;
	size_t start, count; /* at most WN_EXPRESSION_ROWS */
};
typedef double wn_column_stack[WN_EXPRESSION_MAX_DEPTH][WN_EXPRESSION_ROWS];
/* assumed: per term, what an unknown counts as. The result is stack[0]. */
void wn_expression_columns(const struct wn_run *run, const double *assumed, wn_column_stack stack);

/* ---- decimals (expression_number.c) ---------------------------------------------------------- */

enum { WN_DECIMAL_DIGITS = 64 };
/* digits [. digits] [e [+-] digits], well formed: the nearest double, ties to even, as IEEE 754
 * has it and independent of the locale. NaN: more than WN_DECIMAL_DIGITS digits that count.
 * Infinity: too large. */
double wn_decimal(const char *text, size_t length);

#endif
