#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "out_of_memory.h"
#include "random.h"

static bool all_zero(const void *data, size_t bytes)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < bytes; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void test_allocations_are_apart(void **state)
{
	enum { COUNT = 2000 };
	static unsigned char *places[COUNT];
	static size_t sizes[COUNT];
	struct arena arena;

	(void)state;
	random_begin("arena");
	arena_init(&arena, SIZE_MAX);
	for (size_t i = 0; i < COUNT; i++) {
		sizes[i] = random_below(i % 100 == 0 ? 100000 : 200);
		places[i] = arena_alloc(&arena, sizes[i]);
		assert_non_null(places[i]);
		assert_int_equal((uintptr_t)places[i] % _Alignof(max_align_t), 0);
		assert_true(all_zero(places[i], sizes[i]));
		memset(places[i], (int)(i & 0xff), sizes[i]);
		assert_non_null(arena_strdup(&arena, STR("odd")));
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(places[i][at], i & 0xff);
	arena_release(&arena);
}

static void test_budget(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1000);
	assert_null(arena.head);
	assert_null(arena_alloc(&arena, 1001));
	assert_non_null(arena_alloc(&arena, 1000));
	assert_int_equal(arena.used_bytes, 1000);
	assert_null(arena_alloc(&arena, 1));
	assert_null(arena_strdup(&arena, STR_NONE));

	arena_release(&arena);
	assert_int_equal(arena.used_bytes, 0);
	assert_int_equal(arena.budget_bytes, 1000);
	/* Pieces of 50 take 64, for the alignment of the next. */
	for (int i = 0; i < 15; i++)
		assert_non_null(arena_alloc(&arena, 50));
	assert_true(arena.used_bytes <= 1000);
	assert_null(arena_alloc(&arena, 200));
	assert_true(arena.used_bytes <= 1000);
	arena_release(&arena);

	/* Alignment may ask for more than is left: then all is used, and not less than nothing. */
	assert_non_null(arena_alloc(&arena, 1));
	assert_non_null(arena_alloc(&arena, 990));
	assert_non_null(arena_alloc(&arena, 1));
	assert_int_equal(arena.used_bytes, 1000);
	assert_null(arena_alloc(&arena, 1));
	arena_release(&arena);

	arena_init(&arena, 0);
	assert_null(arena_alloc(&arena, 0));
	arena_release(&arena);
}

/* What alignment takes counts, or a request of tiny values could hold 16 times its budget. */
static void test_budget_with_small_pieces(void **state)
{
	struct arena arena;
	size_t count = 0;

	(void)state;
	arena_init(&arena, 100000);
	while (arena_alloc(&arena, 1))
		count++;
	assert_true(count >= 100000 / 16);
	assert_true(count <= 100000 / 16 + 20);
	arena_release(&arena);
}

static void test_sizes_that_overflow(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, SIZE_MAX);
	assert_null(arena_array(&arena, SIZE_MAX / 2 + 1, 2));
	assert_null(arena_array(&arena, SIZE_MAX, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 15));
	assert_non_null(arena_array(&arena, 0, 8));
	assert_non_null(arena_array(&arena, 10, 8));
	arena_release(&arena);
}

static void test_zero_bytes(void **state)
{
	struct arena arena;
	void *a, *b;

	(void)state;
	arena_init(&arena, 100);
	a = arena_alloc(&arena, 0);
	b = arena_alloc(&arena, 0);
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	arena_release(&arena);
}

static void test_texts(void **state)
{
	static char longer[1000];
	struct arena arena;

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	arena_init(&arena, 10000);
	assert_string_equal(arena_strdup(&arena, STR_NONE), "");
	assert_string_equal(arena_strdup(&arena, (struct str){"abcdef", 3}), "abc");
	assert_memory_equal(arena_strdup(&arena, STR("a\0b")), "a\0b", 4);
	assert_string_equal(arena_printf(&arena, "%s-%d", "x", 7), "x-7");
	for (int len = 253; len <= 258; len++)
		assert_int_equal(strlen(arena_printf(&arena, "%.*s", len, longer)), len);
	assert_string_equal(arena_printf(&arena, "%s", longer), longer);
	arena_release(&arena);

	arena_init(&arena, 300);
	assert_null(arena_printf(&arena, "%s", longer));
	assert_string_equal(arena_printf(&arena, "%s", "short"), "short");
	arena_release(&arena);
}

static void test_out_of_memory(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		struct arena arena;
		char *texts[64];
		bool good = true;

		arena_init(&arena, SIZE_MAX);
		oom_begin(n);
		for (size_t i = 0; i < 64; i++) {
			texts[i] = arena_printf(&arena, "%zu %*s", i, (int)i * 50, "");
			good = good && texts[i];
		}
		if (!oom_end()) {
			assert_true(good);
			arena_release(&arena);
			return;
		}
		assert_false(good);
		/* What was there before is untouched, and the arena still serves. */
		for (size_t i = 0; i < 64 && texts[i]; i++)
			assert_int_equal(strtoul(texts[i], NULL, 10), i);
		assert_non_null(arena_alloc(&arena, 100));
		arena_release(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allocations_are_apart),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_budget_with_small_pieces),
		cmocka_unit_test(test_sizes_that_overflow),
		cmocka_unit_test(test_zero_bytes),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
