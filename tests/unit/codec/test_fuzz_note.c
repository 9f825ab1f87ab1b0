/*
 * The fuzzer of signed notes on its corpus, and on the corpus with bytes changed at random.
 */
#include "base/random.h"
#include "codec/corpus.h"

#include "../../fuzz/fuzz_note.c"

/* So that what the mutations begin with is not all refused. */
static void test_corpus(void **state)
{
	(void)state;
	for (size_t i = 0; i < corpus_count; i++)
		assert_int_equal(LLVMFuzzerTestOneInput(corpus[i].bytes, corpus[i].size), 0);
	assert_int_equal(fuzz_keys, 2);
	assert_int_equal(fuzz_checkpoints, 2);
	assert_int_equal(fuzz_notes, 5);
}

/* No change of a note makes another note of this key: what is accepted was checked by the fuzzer itself. */
static void test_changed_bytes(void **state)
{
	size_t notes = fuzz_notes;

	(void)state;
	random_begin("fuzz/note");
	for (size_t round = 0; round < 2000; round++) {
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
	assert_true(fuzz_notes > notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_changed_bytes),
	};

	corpus_folder = "tests/fuzz/corpus/note";
	return cmocka_run_group_tests_name("codec/fuzz_note", tests, corpus_read, NULL);
}
