#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "out_of_memory.h"

static void test_appends(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	assert_null(buf.data);
	assert_string_equal(buf_view(&buf).ptr, "");
	buf_str(&buf, STR("one"));
	buf_putc(&buf, ' ');
	buf_puts(&buf, "two");
	buf_puts(&buf, NULL);
	buf_str(&buf, STR_NONE);
	buf_append(&buf, "\0x", 2);
	buf_printf(&buf, " %d", 3);
	assert_false(buf.failed);
	assert_int_equal(buf.len, 11);
	assert_memory_equal(buf.data, "one two\0x 3", 12);
	assert_true(str_eq(buf_view(&buf), STR("one two\0x 3")));
	buf_release(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.cap, 0);
}

static void test_growth(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		buf_putc(&buf, (char)('a' + i % 26));
		assert_int_equal(buf.data[buf.len], 0);
		assert_true(buf.len < buf.cap);
	}
	assert_int_equal(buf.len, 100000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(buf.data[i], 'a' + i % 26);
	buf_release(&buf);
}

static void test_reserve(void **state)
{
	struct buf buf = BUF_INIT;
	const char *before;

	(void)state;
	assert_true(buf_reserve(&buf, 0));
	assert_string_equal(buf.data, "");
	assert_true(buf_reserve(&buf, 1000));
	before = buf.data;
	for (int i = 0; i < 1000; i++)
		buf_putc(&buf, 'x');
	assert_ptr_equal(buf.data, before);
	buf_release(&buf);
}

static void test_printf_of_every_length(void **state)
{
	struct buf buf = BUF_INIT;
	char text[301];

	(void)state;
	memset(text, 'p', 300);
	text[300] = '\0';
	for (int len = 0; len <= 300; len++) {
		buf_release(&buf);
		buf_puts(&buf, "<");
		buf_printf(&buf, "%.*s>", len, text);
		assert_int_equal(buf.len, len + 2);
		assert_int_equal(strlen(buf.data), buf.len);
		assert_int_equal(buf.data[len + 1], '>');
	}
	buf_release(&buf);
}

static void test_reset(void **state)
{
	struct buf buf = BUF_INIT;
	const char *before;

	(void)state;
	buf_reset(&buf);
	assert_null(buf.data);
	buf_puts(&buf, "text");
	before = buf.data;
	buf.failed = true;
	buf_reset(&buf);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf.data, "");
	assert_ptr_equal(buf.data, before);
	assert_false(buf.failed);
	buf_release(&buf);
}

static void test_consume(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	buf_consume(&buf, 3);
	buf_puts(&buf, "abcdef");
	buf_consume(&buf, 0);
	assert_string_equal(buf.data, "abcdef");
	buf_consume(&buf, 2);
	assert_string_equal(buf.data, "cdef");
	assert_int_equal(buf.len, 4);
	buf_consume(&buf, 4);
	assert_string_equal(buf.data, "");
	buf_puts(&buf, "x");
	buf_consume(&buf, 100);
	assert_int_equal(buf.len, 0);
	buf_release(&buf);
}

static void test_big_endian_and_hex(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	buf_be32(&buf, 0x01020304);
	buf_be64(&buf, 0x05060708090a0b0c);
	assert_int_equal(buf.len, 12);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(buf.data[i], i + 1);
	buf_reset(&buf);
	buf_hex(&buf, "\x00\x9f\xff\x10", 4);
	buf_hex(&buf, NULL, 0);
	assert_string_equal(buf.data, "009fff10");
	buf_release(&buf);
}

static void test_steal(void **state)
{
	struct buf buf = BUF_INIT;
	size_t len = 99;
	char *text;

	(void)state;
	text = buf_steal(&buf, &len);
	assert_string_equal(text, "");
	assert_int_equal(len, 0);
	free(text);
	buf_puts(&buf, "mine");
	text = buf_steal(&buf, &len);
	assert_string_equal(text, "mine");
	assert_int_equal(len, 4);
	assert_null(buf.data);
	free(text);
	buf_puts(&buf, "x");
	buf.failed = true;
	assert_null(buf_steal(&buf, NULL));
	assert_null(buf.data);
	assert_false(buf.failed);
}

static void test_sizes_that_overflow(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	buf_puts(&buf, "kept");
	assert_false(buf_reserve(&buf, SIZE_MAX));
	assert_true(buf.failed);
	buf_puts(&buf, " not");
	assert_string_equal(buf.data, "kept");
	buf_reset(&buf);
	assert_false(buf_reserve(&buf, SIZE_MAX / 2));
	buf_reset(&buf);
	buf_hex(&buf, "", SIZE_MAX / 2 + 2);
	assert_true(buf.failed);
	buf_release(&buf);
}

static void all_appends(struct buf *buf)
{
	static char longer[500];

	memset(longer, 'l', sizeof longer - 1);
	buf_putc(buf, 'c');
	buf_printf(buf, "%d", 1);
	buf_append(buf, longer, sizeof longer);
	buf_printf(buf, "%s%s%s", longer, longer, longer);
	buf_hex(buf, longer, sizeof longer);
	buf_puts(buf, longer);
	buf_be64(buf, 1);
}

static void test_out_of_memory(void **state)
{
	struct buf whole = BUF_INIT;

	(void)state;
	all_appends(&whole);
	for (long n = 0;; n++) {
		struct buf buf = BUF_INIT;
		bool failed;

		oom_begin(n);
		all_appends(&buf);
		failed = oom_end();
		assert_int_equal(buf.failed, failed);
		if (!failed) {
			assert_true(str_eq(buf_view(&buf), buf_view(&whole)));
			buf_release(&buf);
			break;
		}
		/* What got in is the beginning of the whole, and nothing comes after a gap. */
		assert_true(buf.len < whole.len);
		assert_memory_equal(buf_view(&buf).ptr, whole.data, buf.len);
		assert_int_equal(buf_view(&buf).ptr[buf.len], 0);
		buf_puts(&buf, "late");
		assert_memory_equal(buf_view(&buf).ptr, whole.data, buf.len);
		assert_null(buf_steal(&buf, NULL));
	}
	buf_release(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_printf_of_every_length),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_consume),
		cmocka_unit_test(test_big_endian_and_hex),
		cmocka_unit_test(test_steal),
		cmocka_unit_test(test_sizes_that_overflow),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
