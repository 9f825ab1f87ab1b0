/*
 * The fuzzer of evidence bundles on its corpus, and on the corpus with bytes changed at random.
 */
#include "base/random.h"
#include "codec/corpus.h"

#include "../../fuzz/fuzz_evidence.c"

/* One of them holds. */
static void test_corpus(void **state)
{
	(void)state;
	for (size_t i = 0; i < corpus_count; i++) {
		fuzz_sound = 0;
		assert_int_equal(LLVMFuzzerTestOneInput(corpus[i].bytes, corpus[i].size), 0);
		if ((fuzz_sound == 1) != (strcmp(corpus[i].name, "one_record") == 0))
			fail_msg("%s", corpus[i].name);
	}
	assert_true(corpus_count >= 16);
}

/* The fuzzer itself sees that none of them holds but the one that was signed. */
static void test_changed_bytes(void **state)
{
	(void)state;
	random_begin("fuzz/evidence");
	for (size_t round = 0; round < 3000; round++) {
		size_t from = random_below(corpus_count), other = random_below(corpus_count);
		size_t size = corpus[from].size, changes = random_below(3);
		uint8_t text[CORPUS_BYTES];

		memcpy(text, corpus[from].bytes, size);
		for (; size > 0 && changes > 0; changes--) {
			size_t at = random_below(size),
			       source = random_below(1 + corpus[other].size);
			size_t n = random_below(1 + size - at);

			if (n > corpus[other].size - source)
				n = corpus[other].size - source;
			if (random_below(2))
				memcpy(text + at, corpus[other].bytes + source, n);
			else
				text[at] ^= (uint8_t)(1 << random_below(8));
		}
		assert_int_equal(LLVMFuzzerTestOneInput(text, size), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_changed_bytes),
	};

	corpus_folder = "tests/fuzz/corpus/evidence";
	json_init();
	return cmocka_run_group_tests_name("codec/fuzz_evidence", tests, corpus_read, NULL);
}
