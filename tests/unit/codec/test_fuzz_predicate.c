/*
 * The fuzzer of predicates on its corpus, on the corpus with bytes changed at random, and on predicates
 * made by their grammar.
 */
#include "codec/catalog_support.h"

#include "base/random.h"
#include "codec/corpus.h"

#include "../../fuzz/fuzz_predicate.c"

static void test_corpus(void **state)
{
	(void)state;
	assert_true(corpus_count >= 20);
	for (size_t i = 0; i < corpus_count; i++)
		assert_int_equal(LLVMFuzzerTestOneInput(corpus[i].bytes, corpus[i].size), 0);
}

/* Bytes of one file put over those of another, or replaced. */
static void test_changed_corpus(void **state)
{
	static const char bytes[] = "{}[]\",:0123456789-.eE truefalsn";

	(void)state;
	random_begin("fuzz/predicate");
	for (size_t round = 0; round < 20000; round++) {
		size_t from = random_below(corpus_count), other = random_below(corpus_count);
		size_t size = corpus[from].size, changes = 1 + random_below(4);
		uint8_t text[CORPUS_BYTES];

		memcpy(text, corpus[from].bytes, size);
		for (; size > 0 && changes > 0; changes--) {
			size_t at = random_below(size);
			size_t n = random_below(1 + size - at), source;

			source = random_below(1 + corpus[other].size);
			if (n > corpus[other].size - source)
				n = corpus[other].size - source;
			if (random_below(2))
				memcpy(text + at, corpus[other].bytes + source, n);
			else
				text[at] = (uint8_t)bytes[random_below(sizeof bytes - 1)];
		}
		assert_int_equal(LLVMFuzzerTestOneInput(text, size), 0);
	}
}

/* ---- predicates made by their grammar: most are accepted, and so evaluated ---- */

static void put_list(struct buf *out, const char *const *values, size_t count)
{
	buf_putc(out, '[');
	for (size_t i = 1 + random_below(12); i > 0; i--)
		buf_printf(out, "%s%s", values[random_below(count)], i > 1 ? "," : "]");
}

/* A comparison with one value, with a list, or with nothing. */
static void put_leaf(struct buf *out)
{
	static const char *const numbers[] = {"0", "1", "2", "3", "5", "10", "0.5", "-1", "30"};
	static const char *const streams[] = {
		"\"incident\"", "\"feature_request\"", "\"engineering_bug\"", "\"technical_debt\""};
	static const char *const severities[] = {"\"sev1\"", "\"sev2\"", "\"sev3\"", "\"sev4\""};
	static const char *const texts[] = {"\"a\"", "\"b\"", "\"c\"", "\"\u00e9\""};
	static const struct {
		const char *operand;
		const char *const *values;
		size_t count;
		bool ordered;
	} operands[] = {
		{"\"feature\":\"user_impact\"", numbers, 9, true},
		{"\"feature\":\"severity\"", severities, 4, false},
		{"\"days_to\":\"regulatory_due\"", numbers, 9, true},
		{"\"fact\":\"age_days\"", numbers, 9, true},
		{"\"fact\":\"days_to_due\"", numbers, 9, true},
		{"\"fact\":\"estimate\"", numbers, 9, true},
		{"\"fact\":\"stream\"", streams, 3, false},
		{"\"fact\":\"team\"", texts, 4, false},
	};
	static const char *const orders[] = {"eq", "ne", "lt", "le", "gt", "ge"};
	size_t i = random_below(sizeof operands / sizeof *operands);

	switch (random_below(5)) {
	case 0:
		buf_printf(out, "{%s,\"%s\":true}", operands[i].operand,
			random_below(2) ? "missing" : "present");
		return;
	case 1:
		buf_printf(out, "{%s,\"in\":", operands[i].operand);
		put_list(out, operands[i].values, operands[i].count);
		break;
	case 2:
		buf_puts(out, "{\"fact\":\"labels\",\"contains\":");
		put_list(out, texts, sizeof texts / sizeof *texts);
		break;
	default:
		buf_printf(out, "{%s,\"%s\":%s", operands[i].operand,
			orders[random_below(operands[i].ordered ? 6 : 2)],
			operands[i].values[random_below(operands[i].count)]);
	}
	buf_putc(out, '}');
}

static void put_predicate(struct buf *out, size_t depth)
{
	size_t children = random_below(4);

	if (depth == 0 || random_below(3) == 0) {
		put_leaf(out);
		return;
	}
	if (random_below(4) == 0) {
		buf_puts(out, "{\"not\":");
		put_predicate(out, depth - 1);
		buf_putc(out, '}');
		return;
	}
	buf_printf(out, "{\"%s\":[", random_below(2) ? "all" : "any");
	for (size_t i = 0; i < children; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_predicate(out, depth - 1);
	}
	buf_puts(out, "]}");
}

static void test_made_predicates(void **state)
{
	size_t before = fuzz_evaluated;

	(void)state;
	random_begin("fuzz/predicate");
	for (size_t round = 0; round < 2000; round++) {
		struct buf text = BUF_INIT;

		put_predicate(&text, 4);
		assert_int_equal(LLVMFuzzerTestOneInput((const uint8_t *)text.data, text.len), 0);
		buf_release(&text);
	}
	assert_true(fuzz_evaluated - before > 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_changed_corpus),
		cmocka_unit_test(test_made_predicates),
	};

	corpus_folder = "tests/fuzz/corpus/predicate";
	json_init();
	return cmocka_run_group_tests_name("codec/fuzz_predicate", tests, corpus_read, NULL);
}
