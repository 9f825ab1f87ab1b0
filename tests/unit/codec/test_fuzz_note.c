/*
 * The fuzzer of signed notes on its corpus, and on the corpus with bytes changed at random.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/random.h"

#include "../../fuzz/fuzz_note.c"

enum { MAX_FILES = 64, MAX_BYTES = 4096 };

static struct {
	char name[64];
	uint8_t bytes[MAX_BYTES];
	size_t size;
} corpus[MAX_FILES];
static size_t corpus_count;

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* By name, so that a seed means the same on every machine. */
static int read_corpus(void **state)
{
	static const char folder[] = "tests/fuzz/corpus/note";
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
		snprintf(corpus[corpus_count].name, sizeof corpus->name, "%.60s", entry->d_name);
		file = fopen(path, "rb");
		assert_non_null(file);
		corpus[corpus_count].size = fread(corpus[corpus_count].bytes, 1, MAX_BYTES, file);
		fclose(file);
		corpus_count++;
	}
	closedir(entries);
	qsort(corpus, corpus_count, sizeof *corpus, by_name);
	return 0;
}

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
		uint8_t text[MAX_BYTES];

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

	return cmocka_run_group_tests_name("codec/fuzz_note", tests, read_corpus, NULL);
}
