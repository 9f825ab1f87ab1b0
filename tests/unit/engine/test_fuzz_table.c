/*
 * The fuzzer of decision tables on its corpus, and on bytes at random.
 */
#include "support.h"

#include <dirent.h>

#include "../../fuzz/fuzz_table.c"

static void test_corpus(void **state)
{
	static const char folder[] = "tests/fuzz/corpus/table";
	DIR *entries = opendir(folder);
	struct dirent *entry;
	size_t files = 0;

	(void)state;
	assert_non_null(entries);
	while ((entry = readdir(entries))) {
		char path[512];
		uint8_t bytes[4096];
		FILE *file;
		size_t size;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		file = fopen(path, "rb");
		assert_non_null(file);
		size = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
		assert_int_equal(LLVMFuzzerTestOneInput(bytes, size), 0);
		files++;
	}
	closedir(entries);
	assert_true(files >= 14);
}

static void test_bytes_at_random(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	for (size_t c = 0; c < 2000; c++) {
		uint8_t bytes[128];
		size_t size = test_below(&seed, sizeof(bytes));

		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)test_random(&seed);
		assert_int_equal(LLVMFuzzerTestOneInput(bytes, size), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_bytes_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
