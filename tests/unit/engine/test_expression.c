/*
 * Expressions: grammar, each operation, faults with their places, what unknown comes to, and score
 * ranges against sampling and enumeration.
 */
#include "support.h"

#include <float.h>
#include <math.h>

#include "engine/expression_nodes.h"
#include "engine/kind.h"
#include "winnow/expression.h"
#include "winnow/model.h"

/* ---- a workspace of single letters ----------------------------------------------------------- */

enum { INPUTS = 6, MAX_ROWS = 700 };

static const char *const risks[] = {"low", "medium", "high"};
static const double now_s = 10 * 86400.0;

static bool resolve(void *self, const char *name, size_t length, struct wn_name *out)
{
	static const struct {
		const char *name;
		struct wn_name means;
	} names[] = {
		{"x", {.kind = WN_NAME_TERM, .index = 0}},
		{"y", {.kind = WN_NAME_TERM, .index = 1}},
		{"z", {.kind = WN_NAME_TERM, .index = 2}},
		{"w", {.kind = WN_NAME_TERM, .index = 3}},
		{"flag", {.kind = WN_NAME_TERM, .index = 4, .type = WN_TYPE_BOOLEAN}},
		{"risk", {.kind = WN_NAME_TERM,
				 .index = 5,
				 .categories = risks,
				 .category_count = 3}},
		{"estimate", {.kind = WN_NAME_NUMBER, .index = WN_ESTIMATE}},
		{"team", {.kind = WN_NAME_WORD, .index = WN_TEAM, .type = WN_TYPE_WORD}},
		{"stream", {.kind = WN_NAME_WORD, .index = WN_STREAM, .type = WN_TYPE_WORD}},
		{"age_days", {.kind = WN_NAME_AGE_DAYS}},
		{"days_to_due", {.kind = WN_NAME_DAYS_TO_DUE}},
	};

	(void)self;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0) {
			*out = names[i].means;
			return true;
		}
	}
	return false;
}

static const struct wn_scope scope = {.resolve = resolve};
static const struct wn_band band = {"all", -INFINITY};

/* A model of its text, and rows for it. */
struct bench {
	struct wn_expression_draft draft;
	struct wn_expression expression;
	struct wn_term terms[INPUTS];
	struct wn_model model;
	double x[INPUTS][MAX_ROWS];
	const double *columns[INPUTS];
	double created[MAX_ROWS], due[MAX_ROWS], estimate[MAX_ROWS];
	uint32_t team[MAX_ROWS];
	struct wn_rows rows;
	double score[MAX_ROWS], lowest[MAX_ROWS], highest[MAX_ROWS];
};

static struct bench *bench_new(size_t rows)
{
	struct bench *b = test_array(1, sizeof(*b));

	for (uint32_t i = 0; i < INPUTS; i++) {
		b->terms[i] = (struct wn_term){
			.column = i, .weight = 1, .lower = 1, .upper = 10, .scale = WN_SCALE_VALUE};
		b->columns[i] = b->x[i];
	}
	b->terms[4].lower = b->terms[5].lower = 0;
	b->terms[4].upper = 1;
	b->terms[5].upper = 2;
	b->model = (struct wn_model){.kind = wn_model_kind_named("expression"),
		.terms = b->terms,
		.term_count = INPUTS,
		.bands = &band,
		.band_count = 1,
		.spec.expression = &b->expression};
	b->rows = (struct wn_rows){.rows = rows, .columns = b->columns, .column_count = INPUTS};
	b->rows.numbers[WN_CREATED] = b->created;
	b->rows.numbers[WN_DUE] = b->due;
	b->rows.numbers[WN_ESTIMATE] = b->estimate;
	b->rows.words[WN_TEAM] = b->team;
	return b;
}

static void no_fault(void *self, const char *pointer, const char *detail)
{
	(void)self;
	fail_msg("%s: %s", pointer, detail);
}

/* Texts get the symbols 1, 2, … in the order in which they come. */
static void bench_parse(struct bench *b, const char *text)
{
	uint32_t symbols[WN_EXPRESSION_MAX_WORDS];

	if (!wn_expression_parse(text, strlen(text), &scope, &b->draft))
		fail_msg("%s: line %zu, column %zu: %s", text, b->draft.line, b->draft.column,
			b->draft.detail);
	for (uint32_t i = 0; i < WN_EXPRESSION_MAX_WORDS; i++)
		symbols[i] = i + 1;
	wn_expression_bind(b->draft.nodes, b->draft.node_count, symbols, b->draft.nodes);
	b->expression = (struct wn_expression){b->draft.nodes, b->draft.node_count};
	wn_model_check(&b->model, no_fault, NULL);
}

static void bench_score(struct bench *b)
{
	wn_model_score_rows(
		&b->model, &b->rows, now_s, (struct wn_scores){b->score, b->lowest, b->highest});
}

/* The one row that most tests need: x = 2, y = 4, z unknown …; z's absence excludes. */
static struct bench *bench_one(void)
{
	static const double x[INPUTS] = {2, 4, NAN, 8, 1, 2};
	struct bench *b = bench_new(1);

	for (size_t i = 0; i < INPUTS; i++)
		b->x[i][0] = x[i];
	b->terms[2].unknown = WN_UNKNOWN_EXCLUDE;
	b->created[0] = 7 * 86400.0;
	b->due[0] = 12.5 * 86400.0;
	b->estimate[0] = NAN;
	b->team[0] = 1;
	return b;
}

static bool same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

struct expected {
	const char *text;
	double value;
};

static void check_values(const struct expected *cases, size_t count)
{
	struct bench *b = bench_one();

	for (size_t i = 0; i < count; i++) {
		const double value = cases[i].value;

		bench_parse(b, cases[i].text);
		bench_score(b);
		if (!same_bits(b->score[0], value) || !same_bits(b->lowest[0], value) ||
			!same_bits(b->highest[0], value))
			fail_msg("%s gives %.17g … %.17g, not %.17g", cases[i].text, b->lowest[0],
				b->highest[0], value);
	}
	free(b);
}

#define CHECK_VALUES(cases) check_values(cases, sizeof(cases) / sizeof((cases)[0]))

/* ---- values ---------------------------------------------------------------------------------- */

static void test_grammar(void **state)
{
	static const struct expected cases[] = {{"1 + 2 * 3", 7}, {"(1 + 2) * 3", 9},
		{"10 - 4 - 3", 3}, {"16 / 4 / 2", 2}, {"2 ^ 3 ^ 2", 512}, {"-2 ^ 2", -4},
		{"2 ^ -1", 0.5}, {"--3", 3}, {"2 * -3", -6}, {"1 - -1", 2}, {"1.5e1", 15},
		{"25E-2", 0.25}, {"0.1 + 0.2", 0.1 + 0.2}, {" \t\r\n7 ", 7},
		{"if(true or false and false, 1, 2)", 1}, {"if(not true or true, 1, 2)", 1},
		{"if(not 1 > 2, 1, 2)", 1}, {"if(1 + 1 == 2 and 3 < 2 + 2, 1, 2)", 1},
		{"if((1 < 2) == (3 < 4), 1, 2)", 1}};

	(void)state;
	CHECK_VALUES(cases);
}

static void test_operations(void **state)
{
	static const struct expected cases[] = {{"x + y", 6}, {"x - y", -2}, {"x * y", 8},
		{"x / y", 0.5}, {"x ^ y", 16}, {"if(x < y, 1, 2)", 1}, {"if(x <= 2, 1, 2)", 1},
		{"if(x > y, 1, 2)", 2}, {"if(x >= 2, 1, 2)", 1}, {"if(x == 2, 1, 2)", 1},
		{"if(x != 2, 1, 2)", 2}, {"min(y, x, 3)", 2}, {"max(x, y, 3)", 4},
		{"abs(x - y)", 2}, {"abs(y)", 4}, {"log(1)", 0}, {"exp(0)", 1}, {"sqrt(y)", 2},
		{"clamp(x, 3, 5)", 3}, {"clamp(w, 3, 5)", 5}, {"clamp(y, 3, 5)", 4},
		{"if(x < y, x, y)", 2}, {"coalesce(x, y)", 2}, {"coalesce(z, 1 / 0, y, x)", 4},
		{"if(flag, 1, 2)", 1}, {"if(flag == false, 1, 2)", 2},
		{"if(risk == \"high\", 1, 2)", 1}, {"if(\"low\" != risk, 1, 2)", 1},
		{"if(risk == \"medium\", 1, 2)", 2}, {"risk * 2", 4},
		{"if(team == \"core\", 1, 2)", 1}, {"if(\"core\" != team, 1, 2)", 2},
		{"if(team == \"core\" and team != \"web\", 1, 2)", 1},
		{"if(stream == \"core\", 1, 2)", 2}, {"if(stream != \"core\", 1, 2)", 1},
		{"age_days", 3}, {"days_to_due", 2.5}};

	(void)state;
	CHECK_VALUES(cases);
}

static void test_unknown(void **state)
{
	static const struct expected cases[] = {{"1 / 0", NAN}, {"x / (y - 4)", NAN},
		{"0 / 0 + 1", NAN}, {"log(0)", NAN}, {"log(x - y)", NAN}, {"sqrt(x - y)", NAN},
		{"(x - y) ^ 0.5", NAN}, {"0 ^ -1", NAN}, {"exp(1000)", NAN}, {"1e308 * 10", NAN},
		{"-1e308 - 1e308", NAN}, {"10 ^ 400", NAN}, {"z", NAN}, {"z + 1", NAN},
		{"z * 0", NAN}, {"z ^ 0", NAN}, {"1 ^ z", NAN}, {"min(1, z)", NAN},
		{"max(z, 1)", NAN}, {"clamp(1, z, 3)", NAN}, {"estimate", NAN},
		{"coalesce(estimate, 7)", 7}, {"coalesce(z, z)", NAN}, {"if(z > 1, 1, 1)", NAN},
		{"if(x > 1, 5, z)", 5}, {"if(x > 3, 5, z)", NAN}, {"if(x > 3 and z > 1, 1, 2)", 2},
		{"if(z > 1 and x > 3, 1, 2)", 2}, {"if(x > 1 and z > 1, 1, 2)", NAN},
		{"if(x > 1 or z > 1, 1, 2)", 1}, {"if(z > 1 or x > 1, 1, 2)", 1},
		{"if(x > 3 or z > 1, 1, 2)", NAN}, {"if(not z > 1, 1, 2)", NAN},
		{"if(coalesce(z > 1, false), 1, 2)", 2}};
	struct bench *b = bench_one();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t symbols[1] = {1};
		bool parsed = wn_expression_parse(
			cases[i].text, strlen(cases[i].text), &scope, &b->draft);

		if (!parsed)
			fail_msg("%s: %s", cases[i].text, b->draft.detail);
		wn_expression_bind(b->draft.nodes, b->draft.node_count, symbols, b->draft.nodes);
		b->expression = (struct wn_expression){b->draft.nodes, b->draft.node_count};
		bench_score(b);
		if (!same_bits(b->score[0], cases[i].value))
			fail_msg("%s gives %.17g, not %.17g", cases[i].text, b->score[0],
				cases[i].value);
	}
	free(b);
}

static void test_meanings_of_unknown(void **state)
{
	struct bench *b = bench_one();

	(void)state;
	bench_parse(b, "x / z");
	b->terms[2].unknown = WN_UNKNOWN_DEFAULT;
	b->terms[2].fallback = 4;
	bench_score(b);
	assert_true(b->score[0] == 0.5 && b->lowest[0] == 0.5 && b->highest[0] == 0.5);
	b->terms[2].unknown = WN_UNKNOWN_SPAN;
	bench_score(b);
	assert_true(b->score[0] == 0.2 && b->lowest[0] == 0.2 && b->highest[0] == 2);
	b->columns[2] = NULL;
	bench_score(b);
	assert_true(b->score[0] == 0.2 && b->lowest[0] == 0.2 && b->highest[0] == 2);
	b->rows.column_count = 2;
	bench_score(b);
	assert_true(b->score[0] == 0.2 && b->lowest[0] == 0.2 && b->highest[0] == 2);
	/* A span that touches a division by zero. */
	b->terms[2].lower = 0;
	bench_score(b);
	assert_true(isnan(b->score[0]) && isnan(b->lowest[0]) && isnan(b->highest[0]));
	/* A value beyond the bounds counts as the bound. */
	b->x[0][0] = 1000;
	bench_parse(b, "x");
	bench_score(b);
	assert_true(b->score[0] == 10);
	/* Younger than nothing is nothing. */
	b->created[0] = 11 * 86400.0;
	bench_parse(b, "age_days");
	bench_score(b);
	assert_true(b->score[0] == 0);
	free(b);
}

static void check_ends(
	const struct wn_term *term, double value, double low, double high, bool assumed)
{
	double low_end, high_end;

	assert_int_equal(wn_input_ends(term, value, &low_end, &high_end), assumed);
	assert_true(same_bits(low_end, low) && same_bits(high_end, high));
}

static void test_input_ends(void **state)
{
	struct wn_term term = {.lower = 1, .upper = 3, .fallback = 2};

	(void)state;
	check_ends(&term, 2.5, 2.5, 2.5, false);
	check_ends(&term, 0, 1, 1, false);
	check_ends(&term, INFINITY, 3, 3, false);
	check_ends(&term, NAN, 1, 3, true);
	term.lower_is_better = true;
	check_ends(&term, NAN, 3, 1, true);
	check_ends(&term, 4, 3, 3, false);
	term.unknown = WN_UNKNOWN_DEFAULT;
	check_ends(&term, NAN, 2, 2, true);
	term.unknown = WN_UNKNOWN_EXCLUDE;
	check_ends(&term, NAN, NAN, NAN, false);
	check_ends(&term, 2, 2, 2, false);
}

static void test_decimals(void **state)
{
	static const char *const hard[] = {"0", "1", "0.1", "123456789012345678",
		"9007199254740993", "9007199254740992.99999999999999999999", "1e22", "1e23",
		"8.988465674311579e307", "1.7976931348623157e308", "1.7976931348623158e308",
		"4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324",
		"2.2250738585072011e-308", "0.00000000000000000000000000000000001", "1e-400",
		"100000000000000000000000000000000000000", "5e-324", "0e999999999", "7e-10"};
	uint64_t random = test_seed();
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++)
		assert_true(same_bits(wn_decimal(hard[i], strlen(hard[i])), strtod(hard[i], NULL)));
	for (size_t i = 0; i < 2000; i++) {
		union {
			uint64_t bits;
			double value;
		} any = {test_random(&random) >> 1};

		if (!isfinite(any.value))
			continue;
		snprintf(text, sizeof(text), "%.*e", (int)test_below(&random, 30), any.value);
		assert_true(same_bits(wn_decimal(text, strlen(text)), strtod(text, NULL)));
	}
	assert_true(isinf(wn_decimal("1.7976931348623159e308", 22)));
	assert_true(isinf(wn_decimal("1e999999999999", 14)));
	memset(text, '7', 65);
	assert_true(isnan(wn_decimal(text, 65)));
}

/* ---- faults ---------------------------------------------------------------------------------- */

struct faulty {
	const char *text;
	size_t line, column;
	const char *detail; /* a part of it */
};

static void check_fault(const struct faulty *f)
{
	static struct wn_expression_draft draft;

	if (wn_expression_parse(f->text, strlen(f->text), &scope, &draft))
		fail_msg("%s: is no fault", f->text);
	if (draft.line != f->line || draft.column != f->column || !strstr(draft.detail, f->detail))
		fail_msg("%s: line %zu, column %zu: %s", f->text, draft.line, draft.column,
			draft.detail);
	assert_true(draft.detail[strlen(draft.detail) - 1] != '.');
	assert_int_equal(draft.node_count, 0);
}

static void test_faults(void **state)
{
	static const struct faulty cases[] = {{"", 1, 1, "empty"}, {" \n ", 1, 1, "empty"},
		{"1 +", 1, 4, "ends where a value"}, {"(1", 1, 3, "ends where ')'"},
		{"1 2", 1, 3, "an operator or the end"}, {"1)", 1, 2, "an operator or the end"},
		{"3x", 1, 2, "not 'x'"}, {"x +\n  reech * 2", 2, 3, "named 'reech'"},
		{"foo(1)", 1, 1, "no function 'foo'"}, {"min", 1, 1, "arguments go in parentheses"},
		{"x + min(1)", 1, 5, "'min' takes 2 arguments or more, not 1"},
		{"abs()", 1, 1, "'abs' takes 1 argument, not 0"},
		{"abs(1, 2)", 1, 1, "'abs' takes 1 argument, not 2"},
		{"clamp(1, 2)", 1, 1, "'clamp' takes 3 arguments, not 2"},
		{"if(true, 1)", 1, 1, "'if' takes 3 arguments"},
		{"x < y", 1, 1, "a score takes a number here, and this is a boolean"},
		{"flag", 1, 1, "a score takes a number"}, {"team", 1, 1, "'team' is a word"},
		{"\"a\"", 1, 1, "a text stands only beside"},
		{"1 + flag", 1, 5, "'+' takes a number here, and this is a boolean"},
		{"flag * 2", 1, 1, "'*' takes a number"}, {"-flag", 1, 2, "'-' takes a number"},
		{"if(x, 1, 2)", 1, 4, "'if' takes a boolean here, and this is a number"},
		{"if(flag, 1, true)", 1, 13, "'if' takes a number"},
		{"coalesce(1, flag)", 1, 13, "'coalesce' takes a number"},
		{"if(not x, 1, 2)", 1, 8, "'not' takes a boolean"},
		{"if(x and flag, 1, 2)", 1, 4, "'and' takes a boolean"},
		{"if(flag < true, 1, 2)", 1, 4, "'<' takes a number"},
		{"if(flag == 1, 1, 2)", 1, 12, "'==' takes a boolean"},
		{"if(1 < x < 3, 1, 2)", 1, 10, "do not chain"},
		{"if(x == y == z, 1, 2)", 1, 11, "do not chain"},
		{"if(risk == \"hihg\", 1, 2)", 1, 12,
			"'risk' has no value \"hihg\", but low, medium, high"},
		{"if(risk < \"high\", 1, 2)", 1, 11, "not by '<'"},
		{"if(x == \"high\", 1, 2)", 1, 9, "neither"},
		{"if(flag == \"high\", 1, 2)", 1, 12, "neither"},
		{"if(\"a\" == \"a\", 1, 2)", 1, 11, "two texts"},
		{"if(team == stream, 1, 2)", 1, 4, "'team' is a word"},
		{"if(team == \"\", 1, 2)", 1, 12, "cannot be empty"},
		{"if(team == \"a, 1, 2)", 1, 12, "no closing quote"}, {"x = 1", 1, 3, "write '=='"},
		{"x ! 1", 1, 3, "no place"}, {"x # 1", 1, 3, "no place"},
		{"if(team == \"größe\", x, y) ≤ 3", 1, 27, "no place"}, {"5.", 1, 3, "a digit"},
		{".5", 1, 1, "no place"}, {"1e+", 1, 4, "a digit"}, {"1e999", 1, 1, "too large"},
		{"and", 1, 1, "a value is expected here, not 'and'"}, {"1 + * 2", 1, 5, "not '*'"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_fault(&cases[i]);
}

static const char *repeated(const char *first, const char *piece, size_t count, const char *last)
{
	static char text[20000];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s", first);

	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", piece);
	snprintf(text + used, sizeof(text) - used, "%s", last);
	return text;
}

static void test_limits(void **state)
{
	struct bench *b = bench_one();

	(void)state;
	bench_parse(b, repeated("", "-", 64, "x"));
	check_fault(&(struct faulty){repeated("", "-", 65, "x"), 1, 65, "nested more than 64"});
	check_fault(&(struct faulty){repeated("", "(", 9000, ""), 1, 1, "longer than 8192 bytes"});
	check_fault(&(struct faulty){repeated("", "(", 65, "x"), 1, 65, "nested more than 64"});
	check_fault(&(struct faulty){repeated("", "2^", 65, "x"), 1, 129, "64 values wait"});
	bench_parse(b, repeated("max(", "x,", 63, "x)"));
	bench_score(b);
	assert_true(b->score[0] == 2);
	check_fault(&(struct faulty){repeated("max(", "x,", 64, "x)"), 1, 133, "64 values wait"});
	bench_parse(b, repeated("", "x+", 255, "x"));
	bench_score(b);
	assert_true(b->score[0] == 512);
	check_fault(&(struct faulty){repeated("", "x+", 256, "x"), 1, 512, "more than 512 parts"});
	free(b);
}

struct found {
	char all[1024];
};

static void note_fault(void *self, const char *pointer, const char *detail)
{
	struct found *found = self;
	size_t used = strlen(found->all);

	snprintf(found->all + used, sizeof(found->all) - used, "%s: %s\n", pointer, detail);
}

static void check_nodes(const struct wn_node *nodes, size_t count, const char *detail)
{
	struct bench *b = bench_one();
	struct found found = {.all = ""};

	b->expression = (struct wn_expression){nodes, count};
	assert_int_equal(wn_model_check(&b->model, note_fault, &found), 1);
	if (!strstr(found.all, detail))
		fail_msg("%s", found.all);
	free(b);
}

static void test_check(void **state)
{
	static const struct wn_node add = {.op = WN_OP_ADD, .arity = 2}, one = {.number = 1};
	struct wn_node nodes[WN_EXPRESSION_MAX_NODES + 1] = {one};
	struct bench *b = bench_one();
	struct found found = {.all = ""};

	(void)state;
	check_nodes(NULL, 0, "/expression: there is no expression");
	check_nodes(nodes, WN_EXPRESSION_MAX_NODES + 1, "more than 512");
	check_nodes(&add, 1, "not sound");
	check_nodes((struct wn_node[]){one, one}, 2, "one number");
	check_nodes((struct wn_node[]){one, one, {.op = WN_OP_ADD, .arity = 1}}, 3, "not sound");
	check_nodes((struct wn_node[]){{.op = WN_OPS}}, 1, "not sound");
	check_nodes((struct wn_node[]){{.op = WN_OP_TERM, .index = INPUTS}}, 1, "not there");
	check_nodes((struct wn_node[]){{.op = WN_OP_FACT, .index = WN_NUMBERS}}, 1, "not there");
	check_nodes((struct wn_node[]){{.op = WN_OP_WORD, .index = WN_WORDS}}, 1, "not there");
	check_nodes((struct wn_node[]){{.op = WN_OP_TRUE}}, 1, "one number");
	check_nodes((struct wn_node[]){{.op = WN_OP_TRUE}, one, add}, 3, "wrong type");
	check_nodes((struct wn_node[]){{.op = WN_OP_FLAG, .index = 0}, one, one,
			    {.op = WN_OP_IF, .arity = 3}},
		4, "/terms/0: must be 0 … 1");
	for (size_t i = 0; i <= WN_EXPRESSION_MAX_DEPTH; i++)
		nodes[i] = one;
	check_nodes(nodes, WN_EXPRESSION_MAX_DEPTH + 1, "too deep");
	check_nodes((struct wn_node[]){one, {.number = 0}, {.op = WN_OP_DIVIDE, .arity = 2}}, 3,
		"unknown whatever");
	bench_parse(b, "x + y");
	b->terms[0].lower = NAN;
	b->terms[1].column = 0;
	assert_int_equal(wn_model_check(&b->model, note_fault, &found), 2);
	assert_non_null(strstr(found.all, "/terms/0/lower"));
	assert_non_null(strstr(found.all, "/terms/1:"));
	free(b);
}

/* ---- traits and ranges ----------------------------------------------------------------------- */

static void test_traits(void **state)
{
	static const struct {
		const char *text;
		unsigned traits;
	} cases[] = {{"x * y / w", WN_TRAIT_EXACT}, {"x - x", 0}, {"x + x", WN_TRAIT_EXACT},
		{"abs(x)", WN_TRAIT_EXACT}, {"abs(x - y)", 0}, {"x / (x + y)", 0},
		{"min(x, y) - max(w, 1)", WN_TRAIT_EXACT}, {"(x - 5) ^ 2", WN_TRAIT_LIBM},
		{"(x - 5) ^ 3", WN_TRAIT_LIBM | WN_TRAIT_EXACT},
		{"x ^ 2 + x ^ 0.5", WN_TRAIT_LIBM | WN_TRAIT_EXACT},
		{"log(x) + exp(y)", WN_TRAIT_LIBM | WN_TRAIT_EXACT},
		{"age_days * x", WN_TRAIT_TIMED | WN_TRAIT_EXACT},
		{"days_to_due * x", WN_TRAIT_TIMED},
		{"days_to_due * 2", WN_TRAIT_TIMED | WN_TRAIT_EXACT},
		{"x / estimate", WN_TRAIT_EXACT}, {"if(x > 5, 2, 1)", WN_TRAIT_EXACT},
		{"if(x > 5, 1, 2) - x", WN_TRAIT_EXACT}, {"if(x > 5, 1, 2) + x", 0},
		{"if(x == 5, 1, 2)", 0}, {"if(flag, x + 10, x)", WN_TRAIT_EXACT},
		{"if(team == \"core\", x, y)", WN_TRAIT_EXACT}, {"if(risk == \"high\", 3, 1)", 0},
		{"coalesce(estimate, x)", WN_TRAIT_EXACT}, {"coalesce(sqrt(x - 4), -1)", 0},
		{"if(x > 3, sqrt(x - 4), -1)", 0}, {"if(x > 3 and sqrt(x - 4) >= 0, 2, 1)", 0},
		{"coalesce(if(x > 5, estimate, 0), -1)", 0},
		{"coalesce(if(x > 5 and estimate > 1, 1, 0), -1)", 0},
		{"coalesce(1 / (x - 1), 5)", 0}, {"z - z + x", WN_TRAIT_EXACT},
		{"clamp(x, y, w) * -2", WN_TRAIT_EXACT}};
	struct bench *b = bench_one();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_parse(b, cases[i].text);
		if (wn_model_traits(&b->model) != cases[i].traits)
			fail_msg("%s has %u, not %u", cases[i].text, wn_model_traits(&b->model),
				cases[i].traits);
	}
	free(b);
}

static void test_range(void **state)
{
	static const struct {
		const char *text;
		double lowest, highest;
	} cases[] = {{"x * y / w", 0.1, 100}, {"x - y", -9, 9}, {"3", 3, 3},
		{"age_days", 0, INFINITY}, {"days_to_due / 2", -INFINITY, INFINITY},
		{"min(estimate, 30)", 0, 30}, {"if(flag, 3, x * 2)", 2, 20},
		{"1 / (1 + estimate)", 0, 1}, {"sqrt(x - 1)", 0, 3}, {"abs(x - 5)", 0, 5},
		{"coalesce(z, 20)", 1, 20}, {"-age_days", -INFINITY, 0},
		{"1 / (x - 1)", 1.0 / 9, INFINITY}, {"risk", 0, 2}};
	struct bench *b = bench_one();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double lowest, highest;

		bench_parse(b, cases[i].text);
		wn_model_range(&b->model, &lowest, &highest);
		if (lowest != cases[i].lowest || highest != cases[i].highest)
			fail_msg("%s: %.17g … %.17g", cases[i].text, lowest, highest);
	}
	free(b);
}

/* ---- random expressions ---------------------------------------------------------------------- */

struct writer {
	char text[WN_EXPRESSION_MAX_BYTES];
	size_t used;
	uint64_t *random;
};

static void put(struct writer *w, const char *piece)
{
	w->used += (size_t)snprintf(w->text + w->used, sizeof(w->text) - w->used, "%s", piece);
}

static void write_boolean(struct writer *w, size_t depth);

static void write_number(struct writer *w, size_t depth)
{
	static const char *const leaves[] = {"x", "y", "z", "w", "x", "y", "2", "0.5", "3", "0",
		"estimate", "risk", "(x - 5)", "(y - 4)", "days_to_due"};
	static const char *const infixes[] = {" + ", " - ", " * ", " / "};
	static const char *const calls[] = {"min", "max", "coalesce"};
	static const char *const functions[] = {"abs", "log", "exp", "sqrt", "-"};
	static const char *const powers[] = {"2", "-1", "0.5", "3", "x", "y", "0"};
	size_t kind = depth == 0 ? 0 : test_below(w->random, 12);

	if (kind < 1) {
		put(w, leaves[test_below(w->random, 15)]);
	} else if (kind < 6) {
		put(w, "(");
		write_number(w, depth - 1);
		put(w, infixes[test_below(w->random, 4)]);
		write_number(w, depth - 1);
		put(w, ")");
	} else if (kind < 8) {
		put(w, calls[test_below(w->random, 3)]);
		put(w, "(");
		write_number(w, depth - 1);
		put(w, ", ");
		write_number(w, depth - 1);
		put(w, ")");
	} else if (kind < 10) {
		put(w, functions[test_below(w->random, 5)]);
		put(w, "(");
		write_number(w, depth - 1);
		put(w, ")");
	} else if (kind < 11) {
		put(w, "(");
		write_number(w, depth - 1);
		put(w, ") ^ ");
		put(w, powers[test_below(w->random, 7)]);
	} else {
		put(w, "if(");
		write_boolean(w, depth - 1);
		put(w, ", ");
		write_number(w, depth - 1);
		put(w, ", ");
		write_number(w, depth - 1);
		put(w, ")");
	}
}

static void write_boolean(struct writer *w, size_t depth)
{
	static const char *const infixes[] = {" < ", " <= ", " > ", " >= ", " == ", " != "};
	size_t kind = test_below(w->random, 6);

	if (depth == 0 || kind == 0) {
		put(w, test_below(w->random, 3) == 0 ? "team == \"core\"" : "flag");
	} else if (kind < 4) {
		write_number(w, depth - 1);
		put(w, infixes[test_below(w->random, 6)]);
		write_number(w, depth - 1);
	} else {
		put(w, "not (");
		write_boolean(w, depth - 1);
		put(w, kind == 4 ? ") and (" : ") or (");
		write_boolean(w, depth - 1);
		put(w, ")");
	}
}

static double random_input(const struct wn_term *term, uint64_t *random)
{
	switch (test_below(random, 4)) {
	case 0: return term->lower;
	case 1: return term->upper;
	case 2: return rint(term->lower + test_unit(random) * (term->upper - term->lower));
	default: return term->lower + test_unit(random) * (term->upper - term->lower);
	}
}

static void random_terms(struct bench *b, uint64_t *random)
{
	for (size_t i = 0; i < INPUTS; i++) {
		struct wn_term *term = &b->terms[i];
		size_t meaning = test_below(random, 8);

		if (i < 4) {
			term->lower = (double)test_below(random, 6) - 3;
			term->upper = term->lower + 1 + (double)test_below(random, 6);
		}
		term->unknown = meaning == 0   ? WN_UNKNOWN_EXCLUDE
				: meaning == 1 ? WN_UNKNOWN_DEFAULT
					       : WN_UNKNOWN_SPAN;
		term->fallback = i < 4 ? random_input(term, random) : term->upper;
	}
}

static void random_row(struct bench *b, size_t row, uint64_t *random)
{
	for (size_t i = 0; i < INPUTS; i++) {
		double x = random_input(&b->terms[i], random);

		if (i >= 4)
			x = rint(x);
		b->x[i][row] = test_below(random, 3) == 0 ? NAN : x;
	}
	b->created[row] = (double)test_below(random, 20) * 86400.0;
	b->due[row] = test_below(random, 4) ? (double)test_below(random, 20) * 86400.0 : NAN;
	b->estimate[row] = test_below(random, 4) ? (double)test_below(random, 5) : NAN;
	b->team[row] = (uint32_t)test_below(random, 3);
}

static void random_expression(struct bench *b, uint64_t *random)
{
	struct writer w = {.random = random};
	uint32_t symbols[WN_EXPRESSION_MAX_WORDS] = {1};

	write_number(&w, 1 + test_below(random, 4));
	if (!wn_expression_parse(w.text, w.used, &scope, &b->draft))
		fail_msg("%s: %s", w.text, b->draft.detail);
	wn_expression_bind(b->draft.nodes, b->draft.node_count, symbols, b->draft.nodes);
	b->expression = (struct wn_expression){b->draft.nodes, b->draft.node_count};
}

/* The score of row 0 of `one`, all of whose spanning inputs are known. */
static double score_one(struct bench *one)
{
	bench_score(one);
	return one->score[0];
}

/* Scores of a row with its unknown inputs filled in, against its interval. `one` has the same
 * model. */
static void sample_row(struct bench *b, size_t row, struct bench *one, uint64_t *random)
{
	bool exact = wn_model_traits(&b->model) & WN_TRAIT_EXACT;
	double least = INFINITY, greatest = -INFINITY, lowest, highest;
	size_t open[INPUTS], opens = 0, samples;
	bool undefined = false;

	wn_model_range(&b->model, &lowest, &highest);
	for (size_t i = 0; i < INPUTS; i++) {
		one->x[i][0] = b->x[i][row];
		if (isnan(b->x[i][row]) && b->terms[i].unknown == WN_UNKNOWN_SPAN)
			open[opens++] = i;
	}
	one->created[0] = b->created[row];
	one->due[0] = b->due[row];
	one->estimate[0] = b->estimate[row];
	one->team[0] = b->team[row];
	samples = (size_t)1 << opens;
	for (size_t s = 0; s < samples + 20; s++) {
		double score;

		for (size_t k = 0; k < opens; k++) {
			const struct wn_term *term = &b->terms[open[k]];

			one->x[open[k]][0] = s >= samples        ? random_input(term, random)
					     : (s >> k & 1) != 0 ? term->upper
								 : term->lower;
		}
		score = score_one(one);
		undefined = undefined || isnan(score);
		least = fmin(least, score);
		greatest = fmax(greatest, score);
		if (isnan(score))
			continue;
		assert_true(lowest <= score && score <= highest);
		if (!isnan(b->score[row]))
			assert_true(b->lowest[row] <= score && score <= b->highest[row]);
	}
	if (undefined) {
		assert_true(isnan(b->score[row]));
		return;
	}
	if (exact) /* whether it has a score, too, is decided exactly */
		assert_true(b->lowest[row] == least && b->highest[row] == greatest);
}

static void check_trace(const struct bench *b, size_t row)
{
	static struct wn_step steps[WN_MAX_STEPS];
	const struct wn_scored scored = {b->score[row], b->lowest[row], b->highest[row]};
	size_t count = wn_model_trace(&b->model, &b->rows, row, now_s, scored, steps, WN_MAX_STEPS);

	assert_int_equal(count, b->expression.node_count);
	assert_int_equal(steps[0].depth, 0);
	assert_true(same_bits(steps[0].value, scored.score));
	assert_true(same_bits(steps[0].lowest, scored.lowest));
	assert_true(same_bits(steps[0].highest, scored.highest));
	for (size_t i = 1; i < count; i++)
		assert_true(steps[i].depth >= 1 && steps[i].depth <= steps[i - 1].depth + 1);
}

static void test_random_ranges(void **state)
{
	enum { MODELS = 1500, ROWS = 8 };
	struct bench *b = bench_new(ROWS), *one = bench_new(1);
	uint64_t random = test_seed();
	size_t exact = 0, outer = 0, scored = 0;

	(void)state;
	for (size_t m = 0; m < MODELS; m++) {
		random_terms(b, &random);
		memcpy(one->terms, b->terms, sizeof(b->terms));
		random_expression(b, &random);
		one->expression = b->expression;
		for (size_t row = 0; row < ROWS; row++)
			random_row(b, row, &random);
		bench_score(b);
		*(wn_model_traits(&b->model) & WN_TRAIT_EXACT ? &exact : &outer) += 1;
		for (size_t row = 0; row < ROWS; row++) {
			scored += isnan(b->score[row]) ? 0 : 1;
			assert_true(same_bits(b->score[row], b->lowest[row]));
			assert_true(isnan(b->score[row]) || b->score[row] <= b->highest[row]);
			sample_row(b, row, one, &random);
			check_trace(b, row);
		}
	}
	print_message("%zu exact, %zu outer, %zu scores\n", exact, outer, scored);
	assert_true(exact > MODELS / 20 && outer > MODELS / 20 && scored > MODELS);
	free(b);
	free(one);
}

/* By columns as by single rows. */
static void test_columns(void **state)
{
	struct bench *b = bench_new(MAX_ROWS), *one = bench_new(1);
	uint64_t random = test_seed();

	(void)state;
	for (size_t m = 0; m < 40; m++) {
		random_terms(b, &random);
		memcpy(one->terms, b->terms, sizeof(b->terms));
		random_expression(b, &random);
		one->expression = b->expression;
		b->rows.rows = 1 + test_below(&random, MAX_ROWS);
		for (size_t row = 0; row < b->rows.rows; row++)
			random_row(b, row, &random);
		bench_score(b);
		for (size_t row = 0; row < b->rows.rows; row++) {
			for (size_t i = 0; i < INPUTS; i++)
				one->x[i][0] = b->x[i][row];
			one->created[0] = b->created[row];
			one->due[0] = b->due[row];
			one->estimate[0] = b->estimate[row];
			one->team[0] = b->team[row];
			bench_score(one);
			assert_true(same_bits(one->score[0], b->score[row]));
			assert_true(same_bits(one->lowest[0], b->lowest[row]));
			assert_true(same_bits(one->highest[0], b->highest[row]));
		}
	}
	free(b);
	free(one);
}

/* Raising what counts positively never lowers, to the last bit. */
static void test_monotone(void **state)
{
	struct bench *b = bench_new(2);
	uint64_t random = test_seed();

	(void)state;
	bench_parse(b, "x * y * (1 + w / 3) / (z + 0.1) + sqrt(x) - 1 / y + max(x, w) * 0.7");
	for (size_t n = 0; n < 3000; n++) {
		size_t raised = test_below(&random, 4);

		for (size_t i = 0; i < 4; i++)
			b->x[i][0] = b->x[i][1] = 1 + 9 * test_unit(&random);
		if (test_below(&random, 2))
			b->x[3][0] = b->x[3][1] = NAN;
		b->x[raised][1] = test_below(&random, 2) ? nextafter(b->x[raised][0], 10)
							 : random_input(&b->terms[0], &random);
		if (!(b->x[raised][1] > b->x[raised][0]))
			continue;
		bench_score(b);
		if (raised == 2)
			assert_true(b->score[1] <= b->score[0] && b->highest[1] <= b->highest[0]);
		else
			assert_true(b->score[1] >= b->score[0] && b->highest[1] >= b->highest[0]);
	}
	free(b);
}

/* ---- the tree, and the presets --------------------------------------------------------------- */

static void test_trace(void **state)
{
	static const struct {
		uint32_t depth;
		const char *label;
		size_t term;
		double value, lowest, highest;
		bool assumed;
	} expected[] = {{0, "+", WN_NO_TERM, 3.2, 3.2, 5, false},
		{1, "/", WN_NO_TERM, 0.2, 0.2, 2, false}, {2, "input", 0, 2, 2, 2, false},
		{2, "input", 2, 10, 1, 10, true}, {1, "min", WN_NO_TERM, 3, 3, 3, false},
		{2, "age_days", WN_NO_TERM, 3, 3, 3, false},
		{2, "number", WN_NO_TERM, 7, 7, 7, false}, {2, "input", 1, 4, 4, 4, false}};
	struct wn_step steps[WN_MAX_STEPS];
	struct bench *b = bench_one();

	(void)state;
	b->terms[2].unknown = WN_UNKNOWN_SPAN;
	bench_parse(b, "x / z + min(age_days, 7, y)");
	bench_score(b);
	assert_int_equal(wn_model_trace(&b->model, &b->rows, 0, now_s,
				 (struct wn_scored){b->score[0], b->lowest[0], b->highest[0]},
				 steps, WN_MAX_STEPS),
		8);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(steps[i].depth, expected[i].depth);
		assert_string_equal(steps[i].label, expected[i].label);
		assert_true(steps[i].term == expected[i].term);
		assert_true(steps[i].value == expected[i].value);
		assert_true(steps[i].lowest == expected[i].lowest);
		assert_true(steps[i].highest == expected[i].highest);
		assert_int_equal(steps[i].assumed, expected[i].assumed);
	}
	/* No more than there is room for. */
	steps[3].label = NULL;
	assert_int_equal(
		wn_model_trace(&b->model, &b->rows, 0, now_s,
			(struct wn_scored){b->score[0], b->lowest[0], b->highest[0]}, steps, 3),
		3);
	assert_null(steps[3].label);
	free(b);
}

/* Of words it is told where they stand, and no number: their symbols are the population's. */
static void test_tree_of_words(void **state)
{
	static const struct {
		const char *label;
		enum wn_step_kind kind;
	} expected[] = {{"if", WN_STEP_NUMBER}, {"or", WN_STEP_NUMBER}, {"==", WN_STEP_NUMBER},
		{"team", WN_STEP_WORD}, {"text", WN_STEP_TEXT}, {"!=", WN_STEP_NUMBER},
		{"team", WN_STEP_WORD}, {"text", WN_STEP_TEXT}, {"number", WN_STEP_NUMBER},
		{"number", WN_STEP_NUMBER}};
	struct wn_step steps[WN_MAX_STEPS];
	struct bench *b = bench_one();
	size_t count;

	(void)state;
	bench_parse(b, "if(team == \"a\" or team != \"b\", 2, 1)");
	bench_score(b);
	count = wn_model_trace(&b->model, &b->rows, 0, now_s,
		(struct wn_scored){b->score[0], b->lowest[0], b->highest[0]}, steps, WN_MAX_STEPS);
	assert_int_equal(count, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < count; i++) {
		bool word = expected[i].kind != WN_STEP_NUMBER;

		assert_string_equal(steps[i].label, expected[i].label);
		assert_int_equal(steps[i].kind, expected[i].kind);
		assert_true(!word || (isnan(steps[i].value) && isnan(steps[i].lowest) &&
					     isnan(steps[i].highest)));
	}
	assert_true(steps[3].word == WN_TEAM && steps[6].word == WN_TEAM);
	/* The texts are the formula's first and second. */
	assert_int_equal(b->expression.nodes[steps[7].word].index,
		b->expression.nodes[steps[4].word].index + 1);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_meanings_of_unknown),
		cmocka_unit_test(test_input_ends),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_traits),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_random_ranges),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_monotone),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_tree_of_words),
	};

	return cmocka_run_group_tests_name("engine/expression", tests, NULL, NULL);
}
