/*
 * The page cache: what was put is found, it is bounded, and pages outlive it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

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

/* The first `bytes` of an endless list of numbers. */
static struct shared_body *numbers(size_t bytes)
{
	struct buf text = BUF_INIT;
	struct shared_body *page;

	for (int i = 0; text.len < bytes; i++)
		buf_printf(&text, "{\"number\":%d},", i);
	text.len = bytes;
	page = shared_body_new(&text);
	assert_non_null(page);
	return page;
}

static void assert_unpacks_to(const struct shared_body *coded, const struct shared_body *plain)
{
	char *out = malloc(plain->len + 1);
	z_stream stream = {
		.next_in = (z_const Bytef *)(uintptr_t)coded->data,
		.avail_in = (uInt)coded->len,
		.next_out = (Bytef *)out,
		.avail_out = (uInt)plain->len + 1,
	};

	assert_non_null(out);
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	inflateEnd(&stream);
	assert_int_equal(stream.total_out, plain->len);
	assert_memory_equal(out, plain->data, plain->len);
	free(out);
}

static struct shared_body *get_gzip(struct page_cache *cache, struct str key, bool expected)
{
	bool gzip = true;
	struct shared_body *found = page_cache_get_coded(cache, key, &gzip);

	assert_non_null(found);
	assert_int_equal(gzip, expected);
	return found;
}

static void gzip_is_made_once_and_counted(void **state)
{
	struct page_cache *cache = page_cache_new();
	struct shared_body *page = numbers(20000), *first, *second;
	size_t before;
	bool gzip = false;

	(void)state;
	page_cache_put(cache, STR("a"), page);
	before = page_cache_bytes(cache);
	first = get_gzip(cache, STR("a"), true);
	second = get_gzip(cache, STR("a"), true);
	assert_ptr_equal(first, second);
	assert_unpacks_to(first, page);
	assert_int_equal(page_cache_bytes(cache), before + first->len);
	shared_body_unref(second);
	second = page_cache_get_coded(cache, STR("a"), &gzip);
	assert_ptr_equal(second, page);
	assert_false(gzip);
	shared_body_unref(second);
	page_cache_free(cache);
	assert_int_equal(first->references, 1);
	shared_body_unref(first);
	shared_body_unref(page);
}

static void what_is_small_or_has_no_room_stays_plain(void **state)
{
	struct page_cache *cache = page_cache_new();
	struct shared_body *small = numbers(1000), *large = numbers(6 << 20), *found;
	bool gzip = true;

	(void)state;
	page_cache_put(cache, STR("small"), small);
	found = get_gzip(cache, STR("small"), false);
	assert_ptr_equal(found, small);
	shared_body_unref(found);
	/* Two of these are kept; a third would be beyond the limit, and so would one's gzip be, at worst. */
	page_cache_put(cache, STR("large"), large);
	page_cache_put(cache, STR("larger"), large);
	found = get_gzip(cache, STR("larger"), false);
	assert_ptr_equal(found, large);
	shared_body_unref(found);
	assert_null(page_cache_get_coded(cache, STR("absent"), &gzip));
	shared_body_unref(small);
	shared_body_unref(large);
	page_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_found_by_its_key),
		cmocka_unit_test(a_page_outlives_the_cache),
		cmocka_unit_test(the_first_page_of_a_key_stays),
		cmocka_unit_test(it_is_bounded),
		cmocka_unit_test(gzip_is_made_once_and_counted),
		cmocka_unit_test(what_is_small_or_has_no_room_stays_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
