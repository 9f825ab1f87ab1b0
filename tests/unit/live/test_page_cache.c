/*
 * The page cache: what was put is found, it is bounded, and pages outlive it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "live/page_cache.h"

static struct shared_body *page_of(const char *text)
{
	struct buf bytes = BUF_INIT;
	struct shared_body *page;

	buf_puts(&bytes, text);
	page = shared_body_new(&bytes);
	assert_non_null(page);
	return page;
}

static void a_page_is_found_by_its_key(void **state)
{
	struct page_cache *cache = page_cache_new();
	struct shared_body *page = page_of("one"), *found;

	(void)state;
	assert_null(page_cache_get(cache, STR("a")));
	page_cache_put(cache, STR("a"), page);
	found = page_cache_get(cache, STR("a"));
	assert_ptr_equal(found, page);
	assert_null(page_cache_get(cache, STR("b")));
	shared_body_unref(found);
	shared_body_unref(page);
	page_cache_free(cache);
}

static void a_page_outlives_the_cache(void **state)
{
	struct page_cache *cache = page_cache_new();
	struct shared_body *page = page_of("still here");

	(void)state;
	page_cache_put(cache, STR("a"), page);
	page_cache_free(cache);
	assert_int_equal(page->len, 10);
	assert_memory_equal(page->data, "still here", 10);
	assert_int_equal(page->references, 1);
	shared_body_unref(page);
}

static void the_first_page_of_a_key_stays(void **state)
{
	struct page_cache *cache = page_cache_new();
	struct shared_body *first = page_of("first"), *second = page_of("second"), *found;

	(void)state;
	page_cache_put(cache, STR("a"), first);
	page_cache_put(cache, STR("a"), second);
	assert_int_equal(second->references, 1);
	found = page_cache_get(cache, STR("a"));
	assert_ptr_equal(found, first);
	shared_body_unref(found);
	shared_body_unref(first);
	shared_body_unref(second);
	page_cache_free(cache);
}

static void it_is_bounded(void **state)
{
	struct page_cache *cache = page_cache_new();
	size_t found = 0;
	char key[16];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct shared_body *page = page_of("x");

		snprintf(key, sizeof key, "%d", i);
		page_cache_put(cache, str_from(key), page);
		shared_body_unref(page);
	}
	for (int i = 0; i < 10000; i++) {
		struct shared_body *page;

		snprintf(key, sizeof key, "%d", i);
		page = page_cache_get(cache, str_from(key));
		found += page != NULL;
		shared_body_unref(page);
	}
	assert_in_range(found, 64, 128);
	page_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_found_by_its_key),
		cmocka_unit_test(a_page_outlives_the_cache),
		cmocka_unit_test(the_first_page_of_a_key_stays),
		cmocka_unit_test(it_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
