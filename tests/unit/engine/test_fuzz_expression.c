/*
 * The expression fuzzer's corpus, and mutations of it by a printed seed, with every run of the
 * tests. A fault aborts the program.
 */
#include "support.h"

#include <dirent.h>

#include "../../fuzz/fuzz_expression.c"

enum { MAX_INPUTS = 64, MAX_INPUT_BYTES = 1024, MUTATIONS = 4000 };

struct input {
	uint8_t bytes[MAX_INPUT_BYTES];
	size_t size;
};

static size_t read_corpus(struct input *inputs)
{
	static const char folder[] = "tests/fuzz/corpus/expression";
	DIR *dir = opendir(folder);
	size_t count = 0;

	if (!dir)
		fail_msg("cannot open %s", folder);
	for (struct dirent *entry; (entry = readdir(dir)) && count < MAX_INPUTS;) {
		char path[512];
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		file = fopen(path, "rb");
		assert_non_null(file);
		inputs[count].size = fread(inputs[count].bytes, 1, MAX_INPUT_BYTES, file);
		fclose(file);
		count++;
	}
	closedir(dir);
	return count;
}

static void replace(struct input *input, uint64_t *random)
{
	static const char *const pieces[] = {"(", ")", "-", "^", "/", "*", " and ", "not ", "a",
		"b", "risk", "==", "<", "\"high\"", "0", "1e", ",", "if(", "coalesce(", "log(",
		"min(", "\n", "\xc3\xa9", "\"", "estimate", "flag", "2.5"};
	const char *piece = pieces[test_below(random, sizeof(pieces) / sizeof(pieces[0]))];
	size_t at = test_below(random, input->size + 1), length = strlen(piece);
	size_t gone = test_below(random, 4);
	size_t behind;

	if (gone > input->size - at)
		gone = input->size - at;
	behind = input->size - at - gone;
	if (at + length + behind > MAX_INPUT_BYTES)
		return;
	memmove(input->bytes + at + length, input->bytes + at + gone, behind);
	memcpy(input->bytes + at, piece, length);
	input->size = at + length + behind;
}

static void test_corpus(void **state)
{
	struct input *inputs = test_array(MAX_INPUTS, sizeof(*inputs));
	size_t count = read_corpus(inputs);

	(void)state;
	assert_true(count >= 20);
	for (size_t i = 0; i < count; i++)
		LLVMFuzzerTestOneInput(inputs[i].bytes, inputs[i].size);
	LLVMFuzzerTestOneInput(NULL, 0);
	free(inputs);
}

static void test_mutations(void **state)
{
	struct input *inputs = test_array(MAX_INPUTS, sizeof(*inputs));
	size_t count = read_corpus(inputs);
	uint64_t random = test_seed();

	(void)state;
	for (size_t i = 0; i < MUTATIONS; i++) {
		struct input input = inputs[test_below(&random, count)];

		for (size_t n = test_below(&random, 5) + 1; n > 0; n--) {
			if (input.size > 0 && test_below(&random, 4) == 0)
				input.bytes[test_below(&random, input.size)] =
					(uint8_t)test_random(&random);
			else
				replace(&input, &random);
		}
		LLVMFuzzerTestOneInput(input.bytes, input.size);
	}
	free(inputs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests_name("engine/fuzz_expression", tests, NULL, NULL);
}
