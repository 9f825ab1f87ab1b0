/*
 * The fuzzer of models on its corpus, on the corpus with bytes changed at random, and on tables that are
 * known to be sound or not.
 */
#include "codec/catalog_support.h"

#include "base/random.h"
#include "codec/corpus.h"

#include "../../fuzz/fuzz_model.c"

/* So that what the mutations begin with is not all refused. */
static void test_corpus(void **state)
{
	static const char *const sound[] = {"csv_96", "csv_boolean_words", "csv_crlf", "csv_mark",
		"csv_plain", "csv_quoted", "model_expression", "model_expression_words",
		"model_great_number", "model_pairwise", "model_pareto", "model_preset", "model_sum",
		"model_sum_limits", "model_table", "model_table_csv", "rules_any", "rules_boolean",
		"rules_each", "rules_lists"};
	size_t accepted = 0;

	(void)state;
	for (size_t i = 0; i < corpus_count; i++) {
		size_t before = fuzz_accepted;
		bool expected = false;

		for (size_t k = 0; k < sizeof sound / sizeof *sound; k++)
			expected |= strcmp(sound[k], corpus[i].name) == 0;
		LLVMFuzzerTestOneInput(corpus[i].bytes, corpus[i].size);
		if ((fuzz_accepted > before) != expected)
			fail_msg("%s is %s", corpus[i].name, expected ? "refused" : "accepted");
		accepted += expected;
	}
	assert_int_equal(accepted, sizeof sound / sizeof *sound);
}

/* One byte, a span put elsewhere, or a piece of another file. */
static void change(uint8_t *text, size_t size, size_t other)
{
	static const char bytes[] = "{}[]\",:0123456789-.eE\n\r*truefalsn";
	size_t at = random_below(size), n = random_below(1 + size - at), source;

	if (n > corpus[other].size)
		n = corpus[other].size;
	source = random_below(1 + corpus[other].size - n);
	switch (random_below(6)) {
	case 0: memcpy(text + at, corpus[other].bytes + source, n); break;
	case 1: memmove(text + at, text + random_below(1 + size - n), n); break;
	default: text[at] = (uint8_t)bytes[random_below(sizeof bytes - 1)];
	}
}

static void test_changed_corpus(void **state)
{
	size_t before = fuzz_accepted;

	(void)state;
	random_begin("fuzz/model");
	for (size_t round = 0; round < 5000; round++) {
		size_t from = random_below(corpus_count), other = random_below(corpus_count);
		size_t size = corpus[from].size, changes = 1 + random_below(3);
		uint8_t text[CORPUS_BYTES];

		memcpy(text, corpus[from].bytes, size);
		for (; size > 0 && changes > 0; changes--)
			change(text, size, other);
		/* Cut now and then. */
		if (size > 0 && random_below(8) == 0)
			size = random_below(size);
		assert_int_equal(LLVMFuzzerTestOneInput(text, size), 0);
	}
	assert_true(fuzz_accepted > before);
}

/* ---- tables that are sound by the way they are made ---- */

enum { INPUTS = 5, MOST_VALUES = 4 };

static const struct {
	const char *name, *values[MOST_VALUES];
	size_t count;
} inputs[INPUTS] = {
	{"exploitation", {"none", "public poc", "active"}, 3},
	{"automatable", {"no", "yes"}, 2},
	{"human_impact", {"low", "medium", "high", "very high"}, 4},
	{"system_exposure", {"small", "controlled", "open"}, 3},
	{"technical_impact", {"partial", "total"}, 2},
};
static const char *const outcomes[] = {"act", "attend", "track*", "track"};

/* Rules of one table, each a set of values by input. */
struct made {
	size_t inputs, count;
	unsigned when[512][INPUTS];
};

/* Cuts what is left in two, at an input at random, until it is not worth while any more. */
static void cut(struct made *made, const unsigned *when, size_t depth)
{
	size_t input = random_below(made->inputs);
	unsigned left[INPUTS], right[INPUTS];

	memcpy(left, when, sizeof left);
	memcpy(right, when, sizeof right);
	left[input] &= (unsigned)random_below(1u << MOST_VALUES);
	right[input] &= ~left[input];
	if (depth == 0 || !left[input] || !right[input]) {
		memcpy(made->when[made->count++], when, sizeof left);
		return;
	}
	cut(made, left, depth - 1);
	cut(made, right, depth - 1);
}

static void put_rule(struct buf *out, const struct made *made, const unsigned *when)
{
	buf_printf(out, "%s{\"when\":{", out->len > 1 ? "," : "");
	for (size_t i = 0; i < made->inputs; i++) {
		bool first = true;

		buf_printf(out, "%s\"%s\":[", i > 0 ? "," : "", inputs[i].name);
		for (size_t v = 0; v < inputs[i].count; v++) {
			if (when[i] >> v & 1) {
				buf_printf(out, "%s\"%s\"", first ? "" : ",", inputs[i].values[v]);
				first = false;
			}
		}
		buf_putc(out, ']');
	}
	buf_printf(out, "},\"then\":\"%s\"}", outcomes[random_below(4)]);
}

/* A row for each combination of the sets. */
static void put_rows(
	struct buf *out, const struct made *made, const unsigned *when, const char *row, size_t at)
{
	if (at == made->inputs) {
		buf_printf(out, "\n%s%s", row, outcomes[random_below(4)]);
		return;
	}
	for (size_t v = 0; v < inputs[at].count; v++) {
		char longer[256];

		if (!(when[at] >> v & 1))
			continue;
		snprintf(longer, sizeof longer, random_below(4) ? "%s%s," : "%s\"%s\",", row,
			inputs[at].values[v]);
		put_rows(out, made, when, longer, at + 1);
	}
}

static void put_table(struct buf *out, const struct made *made, bool csv)
{
	buf_puts(out, csv ? "" : "[");
	for (size_t i = 0; csv && i < made->inputs; i++)
		buf_printf(out, "%s,", inputs[i].name);
	buf_puts(out, csv ? "then" : "");
	for (size_t r = 0; r < made->count; r++) {
		if (csv)
			put_rows(out, made, made->when[r], "", 0);
		else
			put_rule(out, made, made->when[r]);
	}
	buf_puts(out, csv ? "\n" : "]");
}

/* Whole, with a hole where one rule was, or with one rule twice. */
static void test_made_tables(void **state)
{
	static struct made made;

	(void)state;
	random_begin("fuzz/model/tables");
	for (size_t round = 0; round < 600; round++) {
		size_t before = fuzz_accepted, damage = random_below(3);
		unsigned when[INPUTS];
		struct buf text = BUF_INIT;

		made.inputs = 1 + random_below(INPUTS);
		made.count = 0;
		for (size_t i = 0; i < INPUTS; i++)
			when[i] = (1u << inputs[i].count) - 1;
		cut(&made, when, random_below(7));
		if (damage == 1)
			made.count--;
		if (damage == 2) {
			memcpy(made.when[made.count], made.when[0], sizeof when);
			made.count++;
		}
		put_table(&text, &made, random_below(2));
		LLVMFuzzerTestOneInput((const uint8_t *)text.data, text.len);
		if ((fuzz_accepted > before) != (damage == 0))
			fail_msg("damage %zu: %s", damage, text.data);
		buf_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_changed_corpus),
		cmocka_unit_test(test_made_tables),
	};

	corpus_folder = "tests/fuzz/corpus/model";
	json_init();
	return cmocka_run_group_tests_name("codec/fuzz_model", tests, corpus_read, NULL);
}
