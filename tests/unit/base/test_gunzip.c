/*
 * Inflating in pieces of any size comes to the same, and nothing but whole members passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/gunzip.h"

static const char plain[] = "{\"title\":\"one\"}\n{\"title\":\"two\"}\n";

/* One gzip member. */
static void deflate_into(struct buf *out, const char *data, size_t bytes)
{
	z_stream z = {.zalloc = Z_NULL};

	assert_int_equal(Z_OK, deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS,
				       8, Z_DEFAULT_STRATEGY));
	assert_true(buf_reserve(out, deflateBound(&z, bytes)));
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)bytes;
	z.next_out = (Bytef *)out->data + out->len;
	z.avail_out = (uInt)(out->cap - out->len);
	assert_int_equal(Z_STREAM_END, deflate(&z, Z_FINISH));
	out->len += z.total_out;
	deflateEnd(&z);
}

/* Everything that it comes to when it arrives in pieces of `piece` bytes; the last step. */
static enum gunzip_step run(struct str coded, size_t piece, struct buf *out, bool *whole)
{
	struct gunzip *gunzip = gunzip_new();
	enum gunzip_step step = GUNZIP_MORE;

	assert_non_null(gunzip);
	for (size_t at = 0; at < coded.len && step == GUNZIP_MORE; at += piece) {
		size_t bytes = coded.len - at < piece ? coded.len - at : piece;
		struct str made;

		gunzip_give(gunzip, coded.ptr + at, bytes);
		while ((step = gunzip_take(gunzip, &made)) == GUNZIP_BYTES)
			buf_str(out, made);
	}
	assert_int_equal(out->len, gunzip_made(gunzip));
	*whole = gunzip_whole(gunzip);
	gunzip_free(gunzip);
	return step;
}

static void expect_plain(struct str coded, const char *text, size_t bytes)
{
	for (size_t piece = 1; piece <= coded.len; piece = piece * 2 + 1) {
		struct buf out = BUF_INIT;
		bool whole;

		assert_int_equal(GUNZIP_MORE, run(coded, piece, &out, &whole));
		assert_true(whole);
		assert_int_equal(bytes, out.len);
		assert_memory_equal(text, out.data, bytes);
		buf_release(&out);
	}
}

static void test_pieces(void **state)
{
	struct buf coded = BUF_INIT;

	(void)state;
	deflate_into(&coded, plain, strlen(plain));
	expect_plain(buf_view(&coded), plain, strlen(plain));
	buf_release(&coded);
}

/* More than the window at once, from few bytes. */
static void test_much_from_little(void **state)
{
	size_t bytes = 300000;
	char *text = malloc(bytes);
	struct buf coded = BUF_INIT;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', bytes);
	deflate_into(&coded, text, bytes);
	assert_true(coded.len < 1000);
	expect_plain(buf_view(&coded), text, bytes);
	buf_release(&coded);
	free(text);
}

static void test_members(void **state)
{
	struct buf coded = BUF_INIT;

	(void)state;
	deflate_into(&coded, plain, 10);
	deflate_into(&coded, "", 0);
	deflate_into(&coded, plain + 10, strlen(plain) - 10);
	expect_plain(buf_view(&coded), plain, strlen(plain));
	buf_release(&coded);
}

static void test_cut_off(void **state)
{
	struct buf coded = BUF_INIT;

	(void)state;
	deflate_into(&coded, plain, strlen(plain));
	for (size_t len = 0; len < coded.len; len++) {
		struct buf out = BUF_INIT;
		bool whole;

		assert_int_equal(GUNZIP_MORE, run((struct str){coded.data, len}, 7, &out, &whole));
		assert_false(whole);
		buf_release(&out);
	}
	buf_release(&coded);
}

static void test_malformed(void **state)
{
	static const char *const behind[] = {"x", "{}", "\n", "\x1f\x8b\x07"};
	struct buf coded = BUF_INIT;
	struct buf out = BUF_INIT;
	size_t member;
	bool whole;

	(void)state;
	assert_int_equal(GUNZIP_MALFORMED, run(STR("{\"title\":1}"), 3, &out, &whole));
	deflate_into(&coded, plain, strlen(plain));
	member = coded.len;
	for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
		coded.len = member;
		buf_puts(&coded, behind[i]);
		buf_reset(&out);
		/* One byte may still become a header; then the body ends before its member does. */
		assert_true(run(buf_view(&coded), 5, &out, &whole) == GUNZIP_MALFORMED || !whole);
	}
	/* Each byte of the check sum and of the length counts. */
	for (size_t i = 1; i <= 8; i++) {
		coded.len = member;
		coded.data[member - i] ^= 1;
		buf_reset(&out);
		assert_int_equal(GUNZIP_MALFORMED, run(buf_view(&coded), 5, &out, &whole));
		coded.data[member - i] ^= 1;
	}
	buf_release(&coded);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_much_from_little),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
