/*
 * Receipts: the bytes of a ranked item and of a receipt are fixed, since digests are made of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "codec/json.h"
#include "codec/receipt.h"

static const struct uuid an_id = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255}};

static void the_bytes_of_an_item_are_these(void **state)
{
	static const unsigned char expected[RANKED_ITEM_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
		11, 12, 13, 14, 255, 0x40, 0x32, 0, 0, 0, 0, 0, 0, 2, 5};
	struct ranked_item item = {
		.id = an_id, .score = 18, .band = 2, .flags = RANKED_HELD | RANKED_CARRIES};
	unsigned char bytes[RANKED_ITEM_BYTES];
	struct ranked_item back;

	(void)state;
	ranked_item_bytes(&item, bytes);
	assert_memory_equal(bytes, expected, sizeof bytes);
	ranked_item_from_bytes(bytes, &back);
	assert_memory_equal(&back.id, &an_id, sizeof an_id);
	assert_true(back.score == 18);
	assert_int_equal(back.band, 2);
	assert_int_equal(back.flags, 5);
}

static void every_unknown_score_has_the_same_bytes(void **state)
{
	static const unsigned char expected[8] = {0x7f, 0xf8, 0, 0, 0, 0, 0, 0};
	static const uint64_t patterns[] = {UINT64_C(0x7ff8000000000000),
		UINT64_C(0xfff8000000000000), UINT64_C(0x7ff8000000000123)};
	unsigned char bytes[RANKED_ITEM_BYTES];
	struct ranked_item item = {.band = WN_BAND_NONE}, back;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		memcpy(&item.score, &patterns[i], sizeof item.score);
		ranked_item_bytes(&item, bytes);
		assert_memory_equal(bytes + 16, expected, sizeof expected);
	}
	ranked_item_from_bytes(bytes, &back);
	assert_true(isnan(back.score));
	assert_int_equal(back.band, WN_BAND_NONE);
}

/* ---- sealing ---- */

enum { ROWS = 700 /* more than one batch of the hash */ };

static struct decided {
	unsigned char id[ROWS][16];
	double score[ROWS];
	uint8_t band[ROWS], held[ROWS], tier[ROWS];
	uint32_t order[ROWS], carries[ROWS];
	struct wn_population population;
	struct wn_decision decision;
} decided;

/* Rows in reverse order, but the first one, which is out. */
static void decide(void)
{
	for (uint32_t row = 0; row < ROWS; row++) {
		memcpy(decided.id[row], &row, sizeof row);
		decided.score[row] = row % 5 ? (double)row / 7 : (double)NAN;
		decided.band[row] = (uint8_t)(row % 4);
		decided.held[row] = row % 3 == 0;
		decided.tier[row] = row % 2;
		decided.carries[row] = row == 5 ? 6 : row;
	}
	for (uint32_t i = 0; i < ROWS - 1; i++)
		decided.order[i] = ROWS - 1 - i;
	decided.population = (struct wn_population){.id = (const unsigned char(*)[16])decided.id};
	decided.decision = (struct wn_decision){.score = decided.score,
		.band = decided.band,
		.held = decided.held,
		.tier = decided.tier};
	decided.decision.order.count = ROWS - 1;
	decided.decision.order.order = decided.order;
	decided.decision.order.carries = decided.carries;
}

static void an_item_of_a_decision_has_its_flags(void **state)
{
	struct ranked_item item;

	(void)state;
	decide();
	ranked_item_of(&decided.decision, &decided.population, 1, &item); /* row 699 */
	assert_memory_equal(item.id.bytes, decided.id[699], 16);
	assert_true(item.score == 699.0 / 7);
	assert_int_equal(item.band, 3);
	assert_int_equal(item.flags, RANKED_HELD);
	ranked_item_of(&decided.decision, &decided.population, ROWS - 4, &item); /* row 4 */
	assert_int_equal(item.flags, RANKED_TOP);
	ranked_item_of(&decided.decision, &decided.population, ROWS - 5, &item); /* row 5 */
	assert_int_equal(item.flags, RANKED_CARRIES);
	assert_true(isnan(item.score));

	/* Where nothing of a kind is there, the array is not either. */
	decided.decision.held = decided.decision.tier = NULL;
	decided.decision.order.carries = NULL;
	ranked_item_of(&decided.decision, &decided.population, ROWS - 5, &item);
	assert_int_equal(item.flags, 0);
}

static void a_seal_is_the_digest_of_all_items(void **state)
{
	static unsigned char bytes[(ROWS - 1) * RANKED_ITEM_BYTES];
	struct receipt receipt = {.revision = 3}, again = receipt;
	struct sha256 expected;

	(void)state;
	decide();
	for (size_t rank = 1; rank < ROWS; rank++) {
		struct ranked_item item;

		ranked_item_of(&decided.decision, &decided.population, rank, &item);
		ranked_item_bytes(&item, bytes + (rank - 1) * RANKED_ITEM_BYTES);
	}
	assert_true(sha256_of(bytes, sizeof bytes, &expected));
	assert_true(receipt_seal(&receipt, &decided.decision, &decided.population));
	assert_int_equal(receipt.item_count, ROWS - 1);
	assert_int_equal(receipt.revision, 3);
	assert_memory_equal(&receipt.order, &expected, sizeof expected);

	/* Anything else is another ranking. */
	decided.held[350] ^= 1;
	assert_true(receipt_seal(&again, &decided.decision, &decided.population));
	assert_false(sha256_same(&again.order, &receipt.order));

	/* Nothing ranked: the digest of nothing. */
	decided.decision.order.count = 0;
	assert_true(receipt_seal(&again, &decided.decision, &decided.population));
	assert_true(sha256_of("", 0, &expected));
	assert_memory_equal(&again.order, &expected, sizeof expected);
	assert_int_equal(again.item_count, 0);
}

/* ---- as JSON ---- */

static struct receipt a_receipt(void)
{
	struct receipt receipt = {.revision = 812,
		.as_of_us = INT64_C(1700000040000000),
		.model = 3,
		.policy = 2,
		.engine = "0.2.0",
		.libm = "glibc 2.36",
		.item_count = 50};

	memset(receipt.order.bytes, 0xab, sizeof receipt.order.bytes);
	return receipt;
}

static bool read_text(const char *text, struct receipt *out)
{
	struct arena arena;
	struct diag diag;
	json_t *json;
	bool read;

	arena_init(&arena, 1 << 20);
	diag_init(&diag, &arena);
	assert_int_equal(json_parse(str_from(text), 1, "", &diag, &json), ERR_OK);
	read = receipt_read(json, out);
	json_decref(json);
	arena_release(&arena);
	return read;
}

#define DIGEST "abababababababababababababababababababababababababababababababab"

static void a_receipt_is_written_and_read(void **state)
{
	struct receipt receipt = a_receipt(), back;
	struct buf out = BUF_INIT;

	(void)state;
	receipt_write(&out, &receipt);
	assert_string_equal(out.data,
		"{\"revision\":812,\"as_of\":\"2023-11-14T22:14:00Z\",\"model\":3,\"policy\":2,"
		"\"engine\":\"0.2.0\",\"libm\":\"glibc 2.36\",\"item_count\":50,\"order_sha256\":"
		"\"" DIGEST "\"}");
	assert_true(read_text(out.data, &back));
	assert_int_equal(back.revision, receipt.revision);
	assert_int_equal(back.as_of_us, receipt.as_of_us);
	assert_int_equal(back.model, receipt.model);
	assert_int_equal(back.policy, receipt.policy);
	assert_string_equal(back.engine, receipt.engine);
	assert_string_equal(back.libm, receipt.libm);
	assert_int_equal(back.item_count, receipt.item_count);
	assert_memory_equal(&back.order, &receipt.order, sizeof back.order);

	receipt.policy = 0;
	receipt.libm[0] = '\0';
	buf_reset(&out);
	receipt_write(&out, &receipt);
	assert_non_null(strstr(out.data, "\"policy\":null,"));
	assert_non_null(strstr(out.data, "\"libm\":null,"));
	assert_true(read_text(out.data, &back));
	assert_int_equal(back.policy, 0);
	assert_string_equal(back.libm, "");
	buf_release(&out);
}

static void what_is_no_receipt_is_refused(void **state)
{
	static const char good[] =
		"{\"revision\":1,\"as_of\":\"2023-11-14T22:14:00Z\",\"model\":1,\"policy\":1,"
		"\"engine\":\"1\",\"libm\":\"x\",\"item_count\":0,\"order_sha256\":\"" DIGEST "\"}";
	static const struct {
		const char *from, *to;
	} changes[] = {
		{"\"revision\":1", "\"revision\":-1"},
		{"\"revision\":1", "\"revision\":1.5"},
		{"\"revision\":1", "\"revisions\":1"},
		{"22:14:00Z", "22:14:01Z"}, /* not a whole minute */
		{"22:14:00Z", "today"},
		{"\"model\":1", "\"model\":0"},
		{"\"policy\":1", "\"policy\":0"},
		{"\"policy\":1", "\"policy\":\"1\""},
		{"\"policy\":1", "\"other\":1"},
		{"\"engine\":\"1\"", "\"engine\":\"\""},
		{"\"engine\":\"1\"", "\"engine\":\"12345678901234567890123456789012\""},
		{"\"libm\":\"x\"", "\"libm\":7"},
		{"\"item_count\":0", "\"item_count\":-1"},
		{"abab", "ab"},
		{"abab", "abax"},
	};
	struct receipt receipt;

	(void)state;
	assert_true(read_text(good, &receipt));
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		const char *at = strstr(good, changes[i].from);
		struct buf text = BUF_INIT;

		assert_non_null(at);
		buf_append(&text, good, (size_t)(at - good));
		buf_puts(&text, changes[i].to);
		buf_puts(&text, at + strlen(changes[i].from));
		if (read_text(text.data, &receipt))
			fail_msg("read: %s", text.data);
		buf_release(&text);
	}
	assert_false(read_text("[]", &receipt));
}

static void a_line_tells_the_item(void **state)
{
	static const struct wn_band bands[] = {
		{"next_sprint", 18}, {"ready", 12}, {"icebox", -INFINITY}};
	const struct wn_model model = {.bands = bands, .band_count = 3};
	struct ranked_item item = {.id = an_id, .score = 18, .band = 0, .flags = RANKED_TOP};
	struct buf out = BUF_INIT;

	(void)state;
	ranked_item_line(&out, 1, &item, &model);
	assert_string_equal(out.data,
		"{\"rank\":1,\"id\":\"00010203-0405-0607-0809-0a0b0c0d0eff\",\"score\":18,"
		"\"band\":\"next_sprint\",\"held\":false,\"top\":true,\"carries\":false}\n");
	item = (struct ranked_item){.id = an_id,
		.score = NAN,
		.band = WN_BAND_NONE,
		.flags = RANKED_HELD | RANKED_CARRIES};
	buf_reset(&out);
	ranked_item_line(&out, 1000000, &item, &model);
	assert_string_equal(out.data,
		"{\"rank\":1000000,\"id\":\"00010203-0405-0607-0809-0a0b0c0d0eff\",\"score\":null,"
		"\"band\":null,\"held\":true,\"top\":false,\"carries\":true}\n");
	buf_release(&out);
}

static void the_library_is_named(void **state)
{
	char name[64];

	(void)state;
	receipt_libm(name);
	assert_int_equal(strncmp(name, "glibc 2.", 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_of_an_item_are_these),
		cmocka_unit_test(every_unknown_score_has_the_same_bytes),
		cmocka_unit_test(an_item_of_a_decision_has_its_flags),
		cmocka_unit_test(a_seal_is_the_digest_of_all_items),
		cmocka_unit_test(a_receipt_is_written_and_read),
		cmocka_unit_test(what_is_no_receipt_is_refused),
		cmocka_unit_test(a_line_tells_the_item),
		cmocka_unit_test(the_library_is_named),
	};

	json_init();
	return cmocka_run_group_tests_name("codec/receipt", tests, NULL, NULL);
}
