#include "base/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "out_of_memory.h"

static void test_pointers(void **state)
{
	struct arena arena;
	struct diag diag;

	(void)state;
	arena_init(&arena, 1 << 16);
	diag_init(&diag, &arena);
	assert_int_equal(diag.count, 0);
	diag_add(&diag, "", "The whole is %s.", "wrong");
	diag_add(&diag, "/items/3/title", "%d characters are too many.", 300);
	diag.prefix = "/requests/7";
	diag_add(&diag, "/title", "Missing.");
	diag_add(&diag, "", "Empty.");
	assert_int_equal(diag.count, 4);
	assert_int_equal(diag.omitted, 0);
	assert_string_equal(diag.entries[0].pointer, "#");
	assert_string_equal(diag.entries[0].detail, "The whole is wrong.");
	assert_string_equal(diag.entries[1].pointer, "#/items/3/title");
	assert_string_equal(diag.entries[1].detail, "300 characters are too many.");
	assert_string_equal(diag.entries[2].pointer, "#/requests/7/title");
	assert_string_equal(diag.entries[3].pointer, "#/requests/7");
	arena_release(&arena);
}

/* RFC 6901 §5 and §6: the same members as JSON strings and as URI fragments. */
static void test_rfc6901_examples(void **state)
{
	static const struct {
		const char *key, *pointer, *fragment;
	} examples[] = {
		{"", "/", "#/"},
		{"foo", "/foo", "#/foo"},
		{"a/b", "/a~1b", "#/a~1b"},
		{"c%d", "/c%d", "#/c%25d"},
		{"e^f", "/e^f", "#/e%5Ef"},
		{"g|h", "/g|h", "#/g%7Ch"},
		{"i\\j", "/i\\j", "#/i%5Cj"},
		{"k\"l", "/k\"l", "#/k%22l"},
		{" ", "/ ", "#/%20"},
		{"m~n", "/m~0n", "#/m~0n"},
		/* Not in the RFC: what is not ASCII goes by its UTF-8 bytes. */
		{"~1", "/~01", "#/~01"},
		{"\xc3\xa9", "/\xc3\xa9", "#/%C3%A9"},
	};
	struct arena arena;
	struct diag diag;

	(void)state;
	arena_init(&arena, 1 << 16);
	diag_init(&diag, &arena);
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		const char *pointer = diag_key(&diag, "", examples[i].key);

		assert_string_equal(pointer, examples[i].pointer);
		diag_add(&diag, pointer, "x");
		assert_string_equal(diag.entries[i].pointer, examples[i].fragment);
	}
	assert_string_equal(diag_key(&diag, "/a", "b/c"), "/a/b~1c");
	assert_string_equal(diag_index(&diag, "/items", 0), "/items/0");
	assert_string_equal(diag_index(&diag, "", 12345678901), "/12345678901");
	arena_release(&arena);
}

static void test_counts_the_rest(void **state)
{
	struct arena arena;
	struct diag diag;

	(void)state;
	arena_init(&arena, 1 << 16);
	diag_init(&diag, &arena);
	for (int i = 0; i < DIAG_MAX + 10; i++)
		diag_add(&diag, "", "fault %d", i);
	assert_int_equal(diag.count, DIAG_MAX);
	assert_int_equal(diag.omitted, 10);
	assert_string_equal(diag.entries[DIAG_MAX - 1].detail, "fault 63");
	arena_release(&arena);
}

static void test_long_detail(void **state)
{
	struct arena arena;
	struct diag diag;
	char text[2000];

	(void)state;
	memset(text, 'd', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	arena_init(&arena, 1 << 16);
	diag_init(&diag, &arena);
	diag_add(&diag, "/x", "%s", text);
	assert_string_equal(diag.entries[0].detail, text);
	arena_release(&arena);
}

static void test_out_of_budget(void **state)
{
	struct arena arena;
	struct diag diag;

	(void)state;
	for (size_t budget = 0; budget < 40; budget++) {
		arena_init(&arena, budget);
		diag_init(&diag, &arena);
		diag_add(&diag, "/some/place", "%s", "a fault");
		/* A fault that cannot be described is still a fault. */
		assert_int_equal(diag.count, 1);
		assert_int_equal(diag.entries[0].pointer[0], '#');
		assert_true(strlen(diag.entries[0].detail) > 0);
		assert_non_null(diag_key(&diag, "/a", "b"));
		assert_non_null(diag_index(&diag, "/a", 1));
		arena_release(&arena);
	}
	arena_init(&arena, 0);
	diag_init(&diag, &arena);
	assert_string_equal(diag_key(&diag, "/a", "b"), "");
	assert_string_equal(diag_index(&diag, "/a", 1), "");
	arena_release(&arena);
}

static void test_out_of_memory(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		struct arena arena;
		struct diag diag;
		char place[5000] = "/";
		bool failed;

		memset(place + 1, 'p', sizeof place - 2);
		arena_init(&arena, SIZE_MAX);
		diag_init(&diag, &arena);
		oom_begin(n);
		diag_add(&diag, place, "%s", place);
		diag_add(&diag, diag_key(&diag, place, "x"), "b");
		failed = oom_end();
		assert_int_equal(diag.count, 2);
		assert_int_equal(diag.entries[0].pointer[0], '#');
		assert_true(strlen(diag.entries[1].detail) > 0);
		arena_release(&arena);
		if (!failed)
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_rfc6901_examples),
		cmocka_unit_test(test_counts_the_rest),
		cmocka_unit_test(test_long_detail),
		cmocka_unit_test(test_out_of_budget),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
