/*
 * Predicates from JSON text: what is refused is refused with a reason; what is accepted is sound for
 * the engine, can be evaluated, and its written form is read back as the same. Ends the program
 * where that is not so.
 *
 *   clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Isrc -Iinclude \
 *       tests/fuzz/fuzz_predicate.c src/codec/<all>.c src/engine/<all>.c src/base/<all>.c -ljansson \
 *       -luuid -lcrypto -lz -lm      then run it on tests/fuzz/corpus/predicate
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "codec/catalog_policy.h"
#include "codec/json.h"

enum { FUZZ_ROWS = 70, FUZZ_BUDGET_BYTES = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_must(bool holds)
{
	if (!holds)
		abort();
}

/* What one reading of a text gives. */
struct fuzz_reading {
	struct arena arena;
	struct diag diag;
	const struct wn_test *tests;
	size_t count;
	struct buf written; /* of what was accepted */
};

static bool fuzz_read(struct str text, const struct catalog *catalog, struct fuzz_reading *out)
{
	struct predicate_reader *reader;
	json_t *json = NULL, *tree;
	bool ok;

	*out = (struct fuzz_reading){.written = BUF_INIT};
	arena_init(&out->arena, FUZZ_BUDGET_BYTES);
	diag_init(&out->diag, &out->arena);
	if (json_parse(text, 1, "", &out->diag, &json) != ERR_OK)
		return false;
	reader = arena_alloc(&out->arena, sizeof *reader);
	fuzz_must(reader != NULL);
	reader->catalog = catalog;
	reader->arena = &out->arena;
	reader->diag = &out->diag;
	ok = predicate_read(reader, json, "", &out->tests, &out->count);
	fuzz_must(ok == (out->diag.count == 0));
	if (ok) {
		tree = predicate_tree(catalog, reader->words.list, out->tests);
		fuzz_must(tree != NULL);
		json_canonical(&out->written, tree);
		json_decref(tree);
	}
	predicate_words_release(&reader->words);
	json_decref(json);
	return ok;
}

static void fuzz_end(struct fuzz_reading *reading)
{
	buf_release(&reading->written);
	arena_release(&reading->arena);
}

/* On items of which nothing is known. */
static void fuzz_evaluate(const struct fuzz_reading *reading)
{
	const struct wn_rows rows = {.rows = FUZZ_ROWS};
	uint64_t hits[(FUZZ_ROWS + 63) / 64];
	size_t at;

	fuzz_must(wn_predicate_check(reading->tests, reading->count, &at) == NULL);
	wn_predicate_rows(reading->tests, reading->count, &rows, 1e9, hits);
	fuzz_must(hits[0] == 0 || hits[0] == UINT64_MAX);
	fuzz_must(hits[1] == (hits[0] & ((UINT64_C(1) << (FUZZ_ROWS - 64)) - 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct catalog *catalog;
	struct fuzz_reading first, second;

	if (!catalog)
		fuzz_must(catalog_build(default_documents, default_document_count, &catalog) ==
			  ERR_OK);
	if (fuzz_read((struct str){(const char *)data, size}, catalog, &first)) {
		fuzz_evaluate(&first);
		fuzz_must(fuzz_read(buf_view(&first.written), catalog, &second));
		fuzz_must(first.count == second.count &&
			  str_eq(buf_view(&first.written), buf_view(&second.written)));
		fuzz_end(&second);
	}
	fuzz_end(&first);
	return 0;
}
