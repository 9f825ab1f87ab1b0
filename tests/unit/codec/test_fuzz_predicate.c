/*
 * The fuzzer of predicates on its corpus, and on the corpus with bytes changed at random.
 */
#include "codec/catalog_support.h"

#include <dirent.h>

#include "base/random.h"

#include "../../fuzz/fuzz_predicate.c"

enum { MAX_FILES = 64, MAX_BYTES = 8192 };

static struct {
	uint8_t bytes[MAX_BYTES];
	size_t size;
} corpus[MAX_FILES];
static size_t corpus_count;

static int read_corpus(void **state)
{
	static const char folder[] = "tests/fuzz/corpus/predicate";
	DIR *entries = opendir(folder);
	struct dirent *entry;

	(void)state;
	assert_non_null(entries);
	while ((entry = readdir(entries))) {
		char path[512];
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		assert_true(corpus_count < MAX_FILES);
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		file = fopen(path, "rb");
		assert_non_null(file);
		corpus[corpus_count].size = fread(corpus[corpus_count].bytes, 1, MAX_BYTES, file);
		fclose(file);
		corpus_count++;
	}
	closedir(entries);
	return 0;
}

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
		uint8_t text[MAX_BYTES];

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_changed_corpus),
	};

	json_init();
	return cmocka_run_group_tests_name("codec/fuzz_predicate", tests, read_corpus, NULL);
}
