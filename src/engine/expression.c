/*
 * The model kind "expression": checks bound nodes, scores runs of rows, tells the evaluated tree.
 *
 * A run is evaluated once with every spanning unknown at the end that gives the lowest score. Where
 * a row has such an unknown, the other end follows: by a second evaluation when the model is
 * monotone in each input, else by interval arithmetic for that row.
 */
#include <string.h>

#include "engine/expression_nodes.h"
#include "engine/kind.h"

const struct wn_op_info wn_op_infos[WN_OPS] = {
	[WN_OP_NUMBER] = {"number", 0, 0, WN_TYPES_NUMBERS},
	[WN_OP_CATEGORY] = {"category", 0, 0, WN_TYPES_NUMBERS},
	[WN_OP_TRUE] = {"true", 0, 0, WN_TYPES_BOOLEAN},
	[WN_OP_FALSE] = {"false", 0, 0, WN_TYPES_BOOLEAN},
	[WN_OP_TERM] = {"input", 0, 0, WN_TYPES_NUMBERS},
	[WN_OP_FLAG] = {"input", 0, 0, WN_TYPES_BOOLEAN},
	[WN_OP_FACT] = {"fact", 0, 0, WN_TYPES_NUMBERS},
	[WN_OP_AGE_DAYS] = {"age_days", 0, 0, WN_TYPES_NUMBERS},
	[WN_OP_DAYS_TO_DUE] = {"days_to_due", 0, 0, WN_TYPES_NUMBERS},
	[WN_OP_WORD] = {"word", 0, 0, WN_TYPES_WORD},
	[WN_OP_TEXT] = {"text", 0, 0, WN_TYPES_WORD},
	[WN_OP_NEGATE] = {"-", 1, 1, WN_TYPES_NUMBERS},
	[WN_OP_NOT] = {"not", 1, 1, WN_TYPES_LOGIC},
	[WN_OP_ABS] = {"abs", 1, 1, WN_TYPES_NUMBERS},
	[WN_OP_LOG] = {"log", 1, 1, WN_TYPES_NUMBERS},
	[WN_OP_EXP] = {"exp", 1, 1, WN_TYPES_NUMBERS},
	[WN_OP_SQRT] = {"sqrt", 1, 1, WN_TYPES_NUMBERS},
	[WN_OP_ADD] = {"+", 2, 2, WN_TYPES_NUMBERS},
	[WN_OP_SUBTRACT] = {"-", 2, 2, WN_TYPES_NUMBERS},
	[WN_OP_MULTIPLY] = {"*", 2, 2, WN_TYPES_NUMBERS},
	[WN_OP_DIVIDE] = {"/", 2, 2, WN_TYPES_NUMBERS},
	[WN_OP_POWER] = {"^", 2, 2, WN_TYPES_NUMBERS},
	[WN_OP_LESS] = {"<", 2, 2, WN_TYPES_COMPARE},
	[WN_OP_AT_MOST] = {"<=", 2, 2, WN_TYPES_COMPARE},
	[WN_OP_GREATER] = {">", 2, 2, WN_TYPES_COMPARE},
	[WN_OP_AT_LEAST] = {">=", 2, 2, WN_TYPES_COMPARE},
	[WN_OP_EQUAL] = {"==", 2, 2, WN_TYPES_SAME},
	[WN_OP_DIFFERS] = {"!=", 2, 2, WN_TYPES_SAME},
	[WN_OP_AND] = {"and", 2, 2, WN_TYPES_LOGIC},
	[WN_OP_OR] = {"or", 2, 2, WN_TYPES_LOGIC},
	[WN_OP_MIN] = {"min", 2, WN_EXPRESSION_MAX_DEPTH, WN_TYPES_NUMBERS},
	[WN_OP_MAX] = {"max", 2, WN_EXPRESSION_MAX_DEPTH, WN_TYPES_NUMBERS},
	[WN_OP_CLAMP] = {"clamp", 3, 3, WN_TYPES_NUMBERS},
	[WN_OP_IF] = {"if", 3, 3, WN_TYPES_CHOICE},
	[WN_OP_COALESCE] = {"coalesce", 2, WN_EXPRESSION_MAX_DEPTH, WN_TYPES_COALESCE},
};

/* ---- check ----------------------------------------------------------------------------------- */

static bool index_sound(const struct wn_model *model, const struct wn_node *node)
{
	switch (node->op) {
	case WN_OP_NUMBER:
	case WN_OP_CATEGORY: return isfinite(node->number);
	case WN_OP_TERM:
	case WN_OP_FLAG: return node->index < model->term_count && node->index < WN_MAX_TERMS;
	case WN_OP_FACT: return node->index < WN_NUMBERS;
	case WN_OP_WORD: return node->index < WN_WORDS;
	default: return true;
	}
}

static bool all_of_type(
	const enum wn_expression_type *x, size_t count, enum wn_expression_type type)
{
	for (size_t i = 0; i < count; i++) {
		if (x[i] != type)
			return false;
	}
	return true;
}

/* False: the operands are not of the types that the operation takes. */
static bool result_type(
	const struct wn_node *node, const enum wn_expression_type *x, enum wn_expression_type *out)
{
	size_t count = node->arity;

	switch (wn_op_infos[node->op].types) {
	case WN_TYPES_NUMBERS: *out = WN_TYPE_NUMBER; return all_of_type(x, count, WN_TYPE_NUMBER);
	case WN_TYPES_COMPARE: *out = WN_TYPE_BOOLEAN; return all_of_type(x, count, WN_TYPE_NUMBER);
	case WN_TYPES_SAME: *out = WN_TYPE_BOOLEAN; return x[0] == x[1];
	case WN_TYPES_LOGIC: *out = WN_TYPE_BOOLEAN; return all_of_type(x, count, WN_TYPE_BOOLEAN);
	case WN_TYPES_CHOICE:
		*out = x[1];
		return x[0] == WN_TYPE_BOOLEAN && x[1] == x[2] && x[1] != WN_TYPE_WORD;
	case WN_TYPES_COALESCE:
		*out = x[0];
		return x[0] != WN_TYPE_WORD && all_of_type(x, count, x[0]);
	case WN_TYPES_BOOLEAN: *out = WN_TYPE_BOOLEAN; return true;
	case WN_TYPES_WORD: *out = WN_TYPE_WORD; return true;
	}
	return false;
}

/* NULL: the nodes can be evaluated, and give one number. */
static const char *fault_of_nodes(const struct wn_model *model)
{
	const struct wn_expression *expression = model->spec.expression;
	enum wn_expression_type stack[WN_EXPRESSION_MAX_DEPTH];
	size_t depth = 0;

	if (!expression || !expression->nodes || expression->node_count == 0)
		return "there is no expression";
	if (expression->node_count > WN_EXPRESSION_MAX_NODES)
		return "the expression has more than 512 parts";
	for (size_t i = 0; i < expression->node_count; i++) {
		const struct wn_node *node = &expression->nodes[i];
		enum wn_expression_type type;

		if (node->op >= WN_OPS || node->arity < wn_op_infos[node->op].least ||
			node->arity > wn_op_infos[node->op].most || node->arity > depth)
			return "the expression has an instruction that is not sound";
		if (!index_sound(model, node))
			return "the expression reads an input or a fact that is not there";
		depth -= node->arity;
		if (depth == WN_EXPRESSION_MAX_DEPTH)
			return "the expression is too deep: more than 64 values wait at once";
		if (!result_type(node, stack + depth, &type))
			return "the expression has an operand of the wrong type";
		stack[depth++] = type;
	}
	if (depth != 1 || stack[0] != WN_TYPE_NUMBER)
		return "the expression does not give one number";
	return NULL;
}

static void check_flags(const struct wn_model *model, struct wn_faults *faults)
{
	const struct wn_expression *expression = model->spec.expression;
	struct wn_term_set seen = {.bits = {0}};

	for (size_t i = 0; i < expression->node_count; i++) {
		const struct wn_node *node = &expression->nodes[i];
		const struct wn_term *term;

		if (node->op != WN_OP_FLAG || wn_term_in(&seen, node->index))
			continue;
		seen.bits[node->index / 64] |= UINT64_C(1) << node->index % 64;
		term = &model->terms[node->index];
		if (term->lower != 0 || term->upper != 1)
			wn_fault(faults, "must be 0 … 1, since the input is a boolean", "/terms/%u",
				(unsigned)node->index);
	}
}

static void check(const struct wn_model *model, struct wn_faults *faults)
{
	const struct wn_leaves leaves = {.span = wn_leaf_bounds, .model = model};
	const char *detail = fault_of_nodes(model);
	size_t before = faults->count;

	wn_check_inputs(model, faults);
	if (detail) {
		wn_fault(faults, detail, "/expression");
		return;
	}
	check_flags(model, faults);
	if (faults->count == before && isnan(wn_expression_spans(&leaves, NULL).low))
		wn_fault(
			faults, "the expression is unknown whatever its inputs are", "/expression");
}

/* ---- what is true of all its scores ---------------------------------------------------------- */

static unsigned traits(const struct wn_model *model)
{
	const struct wn_expression *expression = model->spec.expression;
	struct wn_directions directions;
	unsigned result = 0;

	for (size_t i = 0; i < expression->node_count; i++) {
		switch (expression->nodes[i].op) {
		case WN_OP_AGE_DAYS:
		case WN_OP_DAYS_TO_DUE: result |= WN_TRAIT_TIMED; break;
		case WN_OP_FACT:
			if (expression->nodes[i].index == WN_SLA_LEFT)
				result |= WN_TRAIT_TIMED;
			break;
		case WN_OP_LOG:
		case WN_OP_EXP:
		case WN_OP_POWER: result |= WN_TRAIT_LIBM; break;
		default: break;
		}
	}
	wn_expression_directions(model, &directions);
	return wn_expression_exact(model, &directions) ? result | WN_TRAIT_EXACT : result;
}

static void range(const struct wn_model *model, double *lowest, double *highest)
{
	const struct wn_leaves leaves = {.span = wn_leaf_bounds, .model = model};
	struct wn_span span = wn_expression_spans(&leaves, NULL);

	*lowest = span.low;
	*highest = span.high;
}

/* ---- scores ---------------------------------------------------------------------------------- */

/* What the unknowns of a model count as. */
struct plan {
	bool exact;
	struct wn_term_set spans;  /* inputs that are read and whose unknown spans */
	double low[WN_MAX_TERMS];  /* per term, for the lowest score … */
	double high[WN_MAX_TERMS]; /* … and for the highest */
};

static void make_plan(const struct wn_model *model, struct plan *out)
{
	struct wn_directions goes;

	wn_expression_directions(model, &goes);
	out->exact = wn_expression_exact(model, &goes);
	for (size_t i = 0; i < WN_TERM_WORDS; i++)
		out->spans.bits[i] = goes.up.bits[i] | goes.down.bits[i];
	for (size_t i = 0; i < model->term_count; i++) {
		const struct wn_term *term = &model->terms[i];
		bool falls = wn_term_in(&goes.down, i);

		wn_input_ends(term, NAN, &out->low[i], &out->high[i]);
		if (term->unknown != WN_UNKNOWN_SPAN)
			continue;
		out->low[i] = falls ? term->upper : term->lower;
		out->high[i] = falls ? term->lower : term->upper;
	}
}

/* Marks the rows with an unknown that spans. Are there any? */
static bool mark_open(const struct wn_run *run, const struct plan *plan, bool *open)
{
	bool any = false;

	memset(open, 0, run->count * sizeof(*open));
	for (size_t t = 0; t < run->model->term_count; t++) {
		const struct wn_term *term = &run->model->terms[t];
		const double *x = term->column < run->rows->column_count
					  ? run->rows->columns[term->column]
					  : NULL;

		if (!wn_term_in(&plan->spans, t))
			continue;
		for (size_t i = 0; i < run->count; i++) {
			bool unknown = !x || isnan(wn_term_value(term, x[run->start + i]));

			open[i] = open[i] || unknown;
			any = any || unknown;
		}
	}
	return any;
}

/* A score has a lowest end and a highest one, or is none. */
static struct wn_scored scored_of(double low, double high)
{
	if (isunordered(low, high))
		return (struct wn_scored){NAN, NAN, NAN};
	/* Only the C library's functions could have them the wrong way round. */
	return (struct wn_scored){fmin(low, high), fmin(low, high), fmax(low, high)};
}

static struct wn_scored scored_of_span(struct wn_span span)
{
	if (span.maybe)
		return (struct wn_scored){NAN, NAN, NAN};
	return scored_of(fmax(span.low, -DBL_MAX), fmin(span.high, DBL_MAX));
}

static void put(struct wn_scores out, size_t row, struct wn_scored scored)
{
	out.score[row] = scored.score;
	out.lowest[row] = scored.lowest;
	out.highest[row] = scored.highest;
}

static void put_by_spans(const struct wn_run *run, const bool *open, struct wn_scores out)
{
	struct wn_leaves leaves = {
		.span = wn_leaf_row, .model = run->model, .rows = run->rows, .now_s = run->now_s};

	for (size_t i = 0; i < run->count; i++) {
		if (!open[i])
			continue;
		leaves.row = run->start + i;
		put(out, leaves.row, scored_of_span(wn_expression_spans(&leaves, NULL)));
	}
}

static void score_run(const struct wn_run *run, const struct plan *plan, wn_column_stack stack,
	struct wn_scores out)
{
	bool open[WN_EXPRESSION_ROWS];
	bool any = mark_open(run, plan, open);

	wn_expression_columns(run, plan->low, stack);
	for (size_t i = 0; i < run->count; i++)
		out.score[run->start + i] = out.lowest[run->start + i] =
			out.highest[run->start + i] = stack[0][i];
	if (!any)
		return;
	if (!plan->exact) {
		put_by_spans(run, open, out);
		return;
	}
	wn_expression_columns(run, plan->high, stack);
	for (size_t i = 0; i < run->count; i++) {
		if (open[i])
			put(out, run->start + i,
				scored_of(out.lowest[run->start + i], stack[0][i]));
	}
}

static void score_rows(const struct wn_model *model, const struct wn_rows *rows, double now_s,
	struct wn_scores out)
{
	wn_column_stack stack;
	struct plan plan;

	make_plan(model, &plan);
	for (size_t start = 0; start < rows->rows; start += WN_EXPRESSION_ROWS) {
		size_t left = rows->rows - start;
		const struct wn_run run = {
			.model = model,
			.rows = rows,
			.now_s = now_s,
			.start = start,
			.count = left < WN_EXPRESSION_ROWS ? left : WN_EXPRESSION_ROWS,
		};

		score_run(&run, &plan, stack, out);
	}
}

/* ---- the evaluated tree ---------------------------------------------------------------------- */

/* What each node of one row's tree came to. */
struct tree {
	struct wn_scored node[WN_EXPRESSION_MAX_NODES];
	bool assumed[WN_EXPRESSION_MAX_NODES];  /* of inputs */
	uint16_t size[WN_EXPRESSION_MAX_NODES]; /* nodes of the subtree */
};

/* The value that counts is that at the lowest score; it need not be the lowest of the node. */
static struct wn_scored at_corners(struct wn_span low, struct wn_span high)
{
	struct wn_scored node = scored_of(low.low, high.low);

	node.score = isnan(node.lowest) ? NAN : low.low;
	return node;
}

static struct wn_scored at_span(struct wn_span span, bool root)
{
	struct wn_scored node = scored_of_span(span);

	/* Inside, no single value counts where intervals do. */
	if (!root && node.lowest != node.highest)
		node.score = NAN;
	return node;
}

static void evaluate(struct wn_leaves *leaves, struct tree *tree)
{
	const struct wn_expression *expression = leaves->model->spec.expression;
	struct wn_span low[WN_EXPRESSION_MAX_NODES], high[WN_EXPRESSION_MAX_NODES];
	struct plan plan;

	make_plan(leaves->model, &plan);
	if (plan.exact) {
		leaves->assumed = plan.low;
		wn_expression_spans(leaves, low);
		leaves->assumed = plan.high;
		wn_expression_spans(leaves, high);
	} else {
		wn_expression_spans(leaves, low);
	}
	for (size_t i = 0; i < expression->node_count; i++) {
		bool root = i + 1 == expression->node_count;

		tree->node[i] = plan.exact ? at_corners(low[i], high[i]) : at_span(low[i], root);
		/* The score is the lowest end, whichever corner the library makes that. */
		if (root)
			tree->node[i].score = tree->node[i].lowest;
	}
}

static void measure(const struct wn_leaves *leaves, struct tree *tree)
{
	const struct wn_expression *expression = leaves->model->spec.expression;

	for (size_t i = 0; i < expression->node_count; i++) {
		const struct wn_node *node = &expression->nodes[i];
		size_t size = 1;

		for (size_t operand = 0; operand < node->arity; operand++)
			size += tree->size[i - size];
		tree->size[i] = (uint16_t)size;
		tree->assumed[i] = false;
		if (node->op == WN_OP_TERM || node->op == WN_OP_FLAG) {
			const struct wn_term *term = &leaves->model->terms[node->index];

			tree->assumed[i] =
				term->unknown != WN_UNKNOWN_EXCLUDE &&
				isnan(wn_term_value(
					term, wn_value(leaves->rows, leaves->row, term->column)));
		}
	}
}

static const char *label_of(const struct wn_node *node)
{
	static const char *const numbers[WN_NUMBERS] = {
		[WN_CREATED] = "created",
		[WN_UPDATED] = "updated",
		[WN_DUE] = "due",
		[WN_ESTIMATE] = "estimate",
		[WN_SLA_LEFT] = "sla_left_hours",
		[WN_STRENGTH] = "strength",
		[WN_STRENGTH_ERROR] = "strength_error",
	};
	static const char *const words[WN_WORDS] = {
		[WN_STREAM] = "stream",
		[WN_KIND] = "kind",
		[WN_STATUS] = "status",
		[WN_TEAM] = "team",
		[WN_SOURCE] = "source",
		[WN_ASSIGNEE] = "assignee",
	};

	if (node->op == WN_OP_FACT)
		return numbers[node->index];
	return node->op == WN_OP_WORD ? words[node->index] : wn_op_infos[node->op].label;
}

static struct wn_step step_of(const struct wn_node *node, const struct tree *tree, size_t i)
{
	bool input = node->op == WN_OP_TERM || node->op == WN_OP_FLAG;
	struct wn_step step = {
		.label = label_of(node),
		.term = input ? node->index : WN_NO_TERM,
		.value = tree->node[i].score,
		.lowest = tree->node[i].lowest,
		.highest = tree->node[i].highest,
		.assumed = tree->assumed[i],
	};

	if (node->op != WN_OP_WORD && node->op != WN_OP_TEXT)
		return step;
	step.value = step.lowest = step.highest = NAN;
	step.kind = node->op == WN_OP_WORD ? WN_STEP_WORD : WN_STEP_TEXT;
	step.word = node->op == WN_OP_WORD ? node->index : (uint32_t)i;
	return step;
}

/* Nodes that wait to be told, the next one last. */
struct waiting {
	uint16_t node[WN_EXPRESSION_MAX_NODES];
	uint16_t depth[WN_EXPRESSION_MAX_NODES];
	size_t count;
};

static size_t trace(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_scored scored, struct wn_step *out, size_t room)
{
	const struct wn_expression *expression = model->spec.expression;
	struct wn_leaves leaves = {
		.span = wn_leaf_row, .model = model, .rows = rows, .row = row, .now_s = now_s};
	struct waiting waiting = {.node = {(uint16_t)(expression->node_count - 1)}, .count = 1};
	struct tree tree;
	size_t count = 0;

	(void)scored; /* the row alone tells */
	evaluate(&leaves, &tree);
	measure(&leaves, &tree);
	while (waiting.count > 0 && count < room) {
		uint16_t i = waiting.node[--waiting.count];
		uint16_t depth = waiting.depth[waiting.count];
		uint16_t operand = (uint16_t)(i - 1);

		out[count] = step_of(&expression->nodes[i], &tree, i);
		out[count++].depth = depth;
		/* The last operand stands right before its operation, so the first is told first. */
		for (size_t k = 0; k < expression->nodes[i].arity; k++) {
			waiting.node[waiting.count] = operand;
			waiting.depth[waiting.count++] = (uint16_t)(depth + 1);
			operand = (uint16_t)(operand - tree.size[operand]);
		}
	}
	return count;
}

const struct wn_model_kind wn_kind_expression = {
	.name = "expression",
	.traits = traits,
	.check = check,
	.range = range,
	.score_rows = score_rows,
	.trace = trace,
};
