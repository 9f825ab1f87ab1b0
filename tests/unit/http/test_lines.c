/*
 * Cutting a stream into chunks of lines: the pieces in which it arrives must not matter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "http/lines.h"

/* All chunks, each with the number of its first line in front. */
static void cut(const char *text, size_t bytes, unsigned *seed, struct buf *out)
{
	struct lines lines;

	lines_init(&lines, 3, 20, 5);
	while (bytes > 0) {
		size_t piece = seed ? 1 + (size_t)rand_r(seed) % bytes : bytes;
		size_t taken = lines_push(&lines, text, piece);

		text += taken;
		bytes -= taken;
		assert_true(taken == piece || lines_full(&lines));
		if (!lines_full(&lines))
			continue;
		buf_printf(out, "<%zu:%zu>", lines.first_line, lines.count);
		buf_str(out, lines_chunk(&lines));
		lines_next(&lines);
	}
	if (lines_finish(&lines)) {
		buf_printf(out, "<%zu:%zu>", lines.first_line, lines.count);
		buf_str(out, lines_chunk(&lines));
	}
	lines_release(&lines);
}

static void expect(const char *text, const char *chunks)
{
	struct buf out = BUF_INIT;

	cut(text, strlen(text), NULL, &out);
	assert_string_equal(chunks, out.data ? out.data : "");
	buf_release(&out);
}

static void test_chunks(void **state)
{
	(void)state;
	expect("", "");
	expect("a", "<1:1>a");
	expect("a\n", "<1:1>a\n");
	expect("\n\n", "<1:2>\n\n");
	expect("a\nb\nc\nd\n", "<1:3>a\nb\nc\n<4:1>d\n");
	expect("a\nb\nc\nd", "<1:3>a\nb\nc\n<4:1>d");
	expect("12345\n", "<1:1>12345\n");
	expect("123456\n", "<1:1>123456\n");
	expect("12345678901234567890\nb\n", "<1:2>123456\nb\n");
	expect("12345678901234567890", "<1:1>123456");
}

static void test_pieces(void **state)
{
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	for (int round = 0; round < 2000; round++) {
		struct buf text = BUF_INIT;
		struct buf whole = BUF_INIT;
		struct buf pieces = BUF_INIT;
		int bytes = rand_r(&seed) % 100;

		for (int i = 0; i < bytes; i++)
			buf_putc(&text, rand_r(&seed) % 4 ? 'x' : '\n');
		cut(text.data, text.len, NULL, &whole);
		cut(text.data, text.len, &seed, &pieces);
		assert_int_equal(whole.len, pieces.len);
		if (whole.len > 0)
			assert_string_equal(whole.data, pieces.data);
		buf_release(&text);
		buf_release(&whole);
		buf_release(&pieces);
	}
}

static void test_bytes_fill_a_chunk(void **state)
{
	struct lines lines;

	(void)state;
	lines_init(&lines, 1000, 20, 50);
	assert_int_equal(16, lines_push(&lines, "0123456789\n0123\n", 16));
	assert_false(lines_full(&lines));
	assert_int_equal(5, lines_push(&lines, "0123\n01", 7));
	assert_true(lines_full(&lines));
	assert_int_equal(0, lines_push(&lines, "01", 2));
	lines_release(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_bytes_fill_a_chunk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
