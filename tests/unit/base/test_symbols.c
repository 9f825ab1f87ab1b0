/*
 * Symbols: each word once, texts that stay where they are, readers beside the writer, and no word
 * half added when memory runs out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/symbols.h"
#include "out_of_memory.h"

static struct str word_of(uint32_t i, char text[16])
{
	snprintf(text, 16, "word-%u", i);
	return str_from(text);
}

static void a_word_has_one_symbol(void **state)
{
	struct symbols *symbols = symbols_new();

	(void)state;
	assert_int_equal(symbols_find(symbols, STR("a")), SYMBOL_UNSEEN);
	assert_int_equal(symbols_add(symbols, STR("a")), 1);
	assert_int_equal(symbols_add(symbols, STR("")), 2);
	assert_int_equal(symbols_add(symbols, STR("a")), 1);
	assert_int_equal(symbols_find(symbols, STR("a")), 1);
	assert_int_equal(symbols_find(symbols, STR("")), 2);
	assert_true(str_is(symbols_text(symbols, 1), "a"));
	assert_non_null(symbols_text(symbols, 2).ptr);
	assert_int_equal(symbols_text(symbols, 2).len, 0);
	symbols_unref(symbols);
}

static void absent_is_no_word(void **state)
{
	struct symbols *symbols = symbols_new();

	(void)state;
	assert_int_equal(symbols_add(symbols, STR_NONE), SYMBOL_NONE);
	assert_int_equal(symbols_find(symbols, STR_NONE), SYMBOL_NONE);
	assert_null(symbols_text(symbols, SYMBOL_NONE).ptr);
	assert_null(symbols_text(symbols, 1).ptr);
	assert_null(symbols_text(symbols, SYMBOL_UNSEEN).ptr);
	symbols_unref(symbols);
}

static void texts_stay_where_they_are(void **state)
{
	enum { COUNT = 100000 };
	struct symbols *symbols = symbols_new();
	char text[16], long_word[9000];
	struct str first;

	(void)state;
	memset(long_word, 'x', sizeof long_word);
	assert_int_equal(symbols_add(symbols, word_of(1, text)), 1);
	first = symbols_text(symbols, 1);
	for (uint32_t i = 2; i <= COUNT; i++)
		assert_int_equal(symbols_add(symbols, word_of(i, text)), i);
	assert_int_equal(
		symbols_add(symbols, (struct str){long_word, sizeof long_word}), COUNT + 1);
	assert_int_equal(symbols_add(symbols, STR("behind it")), COUNT + 2);
	assert_ptr_equal(symbols_text(symbols, 1).ptr, first.ptr);
	for (uint32_t i = 1; i <= COUNT; i++) {
		assert_true(str_eq(symbols_text(symbols, i), word_of(i, text)));
		assert_int_equal(symbols_find(symbols, word_of(i, text)), i);
	}
	assert_int_equal(symbols_text(symbols, COUNT + 1).len, sizeof long_word);
	assert_true(str_is(symbols_text(symbols, COUNT + 2), "behind it"));
	assert_true(symbols_bytes(symbols) > COUNT * sizeof(struct str));
	symbols_unref(symbols);
}

enum { SHARED_WORDS = 50000 };

/* Finds words while they are being added: each one is there or not, never wrong. */
static void *look(void *self)
{
	struct symbols *symbols = self;
	uintptr_t wrong = 0;
	uint32_t last;
	char text[16];

	do {
		last = symbols_find(symbols, word_of(SHARED_WORDS, text));
		for (uint32_t i = 1; i <= SHARED_WORDS; i += 997) {
			uint32_t symbol = symbols_find(symbols, word_of(i, text));

			if (symbol != SYMBOL_UNSEEN)
				wrong += symbol != i ||
					 !str_eq(symbols_text(symbols, symbol), word_of(i, text));
		}
	} while (last == SYMBOL_UNSEEN);
	symbols_unref(symbols);
	return (void *)wrong;
}

static void readers_look_while_one_adds(void **state)
{
	struct symbols *symbols = symbols_new();
	pthread_t readers[2];
	char text[16];

	(void)state;
	for (int i = 0; i < 2; i++) {
		symbols_ref(symbols);
		assert_int_equal(pthread_create(&readers[i], NULL, look, symbols), 0);
	}
	for (uint32_t i = 1; i <= SHARED_WORDS; i++)
		assert_int_equal(symbols_add(symbols, word_of(i, text)), i);
	for (int i = 0; i < 2; i++) {
		void *wrong;

		pthread_join(readers[i], &wrong);
		assert_null(wrong);
	}
	symbols_unref(symbols);
}

static void a_word_is_whole_or_not_there(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		struct symbols *symbols;
		uint32_t first, second;
		bool short_of_memory;
		char text[16];

		oom_begin(n);
		symbols = symbols_new();
		first = symbols ? symbols_add(symbols, STR("first")) : SYMBOL_UNSEEN;
		second = symbols ? symbols_add(symbols, STR("second")) : SYMBOL_UNSEEN;
		for (uint32_t i = 0; symbols && i < 100; i++)
			symbols_add(symbols, word_of(i, text));
		short_of_memory = oom_end();
		if (first != SYMBOL_UNSEEN)
			assert_true(str_is(symbols_text(symbols, first), "first"));
		if (second != SYMBOL_UNSEEN)
			assert_true(str_is(symbols_text(symbols, second), "second"));
		/* With memory again, all is as if nothing had happened. */
		for (uint32_t i = 0; symbols && i < 100; i++) {
			uint32_t symbol = symbols_add(symbols, word_of(i, text));

			assert_true(str_eq(symbols_text(symbols, symbol), word_of(i, text)));
		}
		symbols_unref(symbols);
		if (!short_of_memory)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_has_one_symbol),
		cmocka_unit_test(absent_is_no_word),
		cmocka_unit_test(texts_stay_where_they_are),
		cmocka_unit_test(readers_look_while_one_adds),
		cmocka_unit_test(a_word_is_whole_or_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
