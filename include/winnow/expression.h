/*
 * The model kind "expression": a small typed language, compiled once, evaluated over columns. Part
 * of libwinnow, the pure engine (see model.h).
 *
 *   expression  = or
 *   or          = and { "or" and }            and = not { "and" not }        not = "not" not | compare
 *   compare     = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
 *   sum         = product { ("+" | "-") product }
 *   product     = unary { ("*" | "/") unary }
 *   unary       = "-" unary | power           power = primary [ "^" unary ]
 *   primary     = number | "text" | name | name "(" expression { "," expression } ")"
 *               | "(" expression ")" | "true" | "false"
 *
 * Types are number, boolean and word; the whole must be a number. Functions: min and max (two
 * arguments or more), abs, log (natural), exp, sqrt, clamp(x, low, high), if(condition, then, else),
 * coalesce(x, …: the first that is known). Names are the model's inputs and facts: features of its
 * workspace, age_days, days_to_due, estimate; the words stream, kind, status, team, source compare by
 * == and != with a text; so does a category feature with one of its values.
 *
 * Division by zero, log of what is not positive, sqrt of what is negative, powers without a real
 * result, and anything that is not finite give unknown, never infinity. Unknown spreads, but through
 * coalesce, `if` (whose other branch it is in) and what is decided without it (false and unknown).
 * There are no loops: the work is bounded by the number of nodes. An absent word equals no text, so
 * that == is false. clamp is min(max(x, low), high); 0 ^ 0 is 1. Values are cut to their input's
 * bounds before use.
 *
 * An input that is missing counts as its span or its default, which coalesce takes as known; one
 * whose absence excludes is unknown, and spreads as any other.
 *
 * Range: by interval arithmetic over the spans of unknown inputs; exact (WN_TRAIT_EXACT) where the
 * whole is monotone in each input that may span, which is then evaluated at the ends. An item whose
 * span touches what gives unknown has no score: leaving a value out never helps. The score is the
 * lowest end. Every operation is monotone to the last bit but log, exp and ^, for which that rests on
 * the C library.
 *
 * In the evaluated tree booleans are 0 and 1, words and texts have no number (wn_step.kind); a node
 * that spans has as its value what it is at the lowest score, NaN where intervals were used (the
 * root's is the lowest end).
 */
#ifndef WINNOW_EXPRESSION_H
#define WINNOW_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/rows.h"

enum {
	WN_EXPRESSION_MAX_NODES = 512,
	WN_EXPRESSION_MAX_DEPTH = 64, /* of the parser, and of the evaluation stack */
	WN_EXPRESSION_MAX_BYTES = 8192,
	WN_EXPRESSION_MAX_WORDS = 128, /* texts that are compared with */
};

enum wn_expression_type { WN_TYPE_NUMBER, WN_TYPE_BOOLEAN, WN_TYPE_WORD };

/* What a name stands for; filled by the scope. */
enum wn_name_kind {
	WN_NAME_TERM,        /* the model's input `index`; a category compares with its values */
	WN_NAME_NUMBER,      /* enum wn_number `index`; unknown when absent */
	WN_NAME_WORD,        /* enum wn_word `index` */
	WN_NAME_AGE_DAYS,    /* (now - created) / 86400, never negative */
	WN_NAME_DAYS_TO_DUE, /* (due - now) / 86400 */
};
struct wn_name {
	enum wn_name_kind kind;
	uint32_t index;
	enum wn_expression_type type;  /* a boolean feature is WN_TYPE_BOOLEAN, a category NUMBER */
	const char *const *categories; /* of a category feature, by index, zero-terminated texts */
	size_t category_count;
};
struct wn_scope {
	/* False: there is no such name. */
	bool (*resolve)(void *self, const char *name, size_t length, struct wn_name *out);
	void *self;
};

/* One instruction, in postfix order. */
struct wn_node {
	uint16_t op;    /* enum wn_op, the engine's own */
	uint16_t arity; /* operands that it takes from the stack */
	uint32_t index; /* input, fact, or (a word to compare with) symbol */
	double number;  /* of a literal */
};

struct wn_expression {
	const struct wn_node *nodes;
	size_t node_count;
};

/* What the parser gives: nodes whose words are still indices into `words` (places in the text);
 * wn_expression_bind makes symbols of them. */
struct wn_expression_draft {
	struct wn_node nodes[WN_EXPRESSION_MAX_NODES];
	size_t node_count;
	struct {
		uint32_t offset, length; /* of the text's content, without its quotes */
	} words[WN_EXPRESSION_MAX_WORDS];
	size_t word_count;
	/* of the fault, when parsing failed: */
	size_t line, column; /* from 1; the column counts characters (code points) */
	char detail[256];    /* a sentence without its full stop */
};

/* False when the text is not an expression of type number: then the draft tells where and why. */
bool wn_expression_parse(const char *text, size_t length, const struct wn_scope *scope,
	struct wn_expression_draft *draft);

/* Copies nodes with word indices replaced by symbols[index]. */
void wn_expression_bind(const struct wn_node *nodes, size_t node_count, const uint32_t *symbols,
	struct wn_node *out);

#endif
