/*
 * Zones: files made by hand, of which everything is known, and those of the host, whose past does not
 * change and whose rules for later years are long-standing.
 */
#include "base/tzif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define END_2100 INT64_C(4102444800)

/* A file with an empty part of version 1, these transitions between two offsets, and a footer. */
struct file {
	unsigned char bytes[1024];
	size_t count;
};

static void put(struct file *file, const void *bytes, size_t count)
{
	assert_true(file->count + count <= sizeof file->bytes);
	memcpy(file->bytes + file->count, bytes, count);
	file->count += count;
}

static void put_be(struct file *file, int64_t value, size_t bytes)
{
	for (size_t i = bytes; i-- > 0;) {
		unsigned char byte = (unsigned char)((uint64_t)value >> (8 * i));

		put(file, &byte, 1);
	}
}

static void put_header(struct file *file, size_t times, size_t types)
{
	static const unsigned char zeros[15];

	put(file, "TZif2", 5);
	put(file, zeros, sizeof zeros);
	for (int i = 0; i < 3; i++)
		put_be(file, 0, 4);
	put_be(file, (int64_t)times, 4);
	put_be(file, (int64_t)types, 4);
	put_be(file, 4, 4);
}

static void put_types(struct file *file, const int32_t *offsets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_be(file, offsets[i], 4);
		put_be(file, 0, 2);
	}
	put(file, "ABC", 4);
}

static struct file file_of(const int64_t *times, const unsigned char *types, size_t count,
	const int32_t offsets[2], const char *footer)
{
	struct file file = {.count = 0};

	put_header(&file, 0, 1);
	put_types(&file, offsets, 1);
	put_header(&file, count, 2);
	for (size_t i = 0; i < count; i++)
		put_be(&file, times[i], 8);
	put(&file, types, count);
	put_types(&file, offsets, 2);
	put(&file, "\n", 1);
	put(&file, footer, strlen(footer));
	put(&file, "\n", 1);
	return file;
}

static int32_t offset_at(const struct tz_table *table, int64_t at_s)
{
	int32_t offset_s = table->offset_s;

	for (size_t i = 0; i < table->count && table->changes[i].at_s <= at_s; i++)
		offset_s = table->changes[i].offset_s;
	return offset_s;
}

static const int32_t plain[2] = {3600, 7200};

static void test_table(void **state)
{
	static const int64_t times[] = {-100, 100, 200, 300, 400};
	static const unsigned char types[] = {1, 0, 0, 1, 0};
	struct file file = file_of(times, types, 5, plain, "");
	struct tz_table table;

	(void)state;
	assert_true(tzif_read(file.bytes, file.count, 0, 350, &table));
	assert_int_equal(table.offset_s, 7200);
	assert_int_equal(table.count, 2); /* 200 changes nothing, 400 is beyond */
	assert_int_equal(table.changes[0].at_s, 100);
	assert_int_equal(table.changes[0].offset_s, 3600);
	assert_int_equal(table.changes[1].at_s, 300);
	assert_int_equal(table.changes[1].offset_s, 7200);
}

/* 2026-03-29T01:00Z and 2026-10-25T01:00Z, as every zone of the European Union. */
static void test_rule(void **state)
{
	static const int64_t times[] = {0};
	static const unsigned char types[] = {0};
	struct file file = file_of(times, types, 1, plain, "CET-1CEST,M3.5.0,M10.5.0/3");
	struct tz_table table;

	(void)state;
	assert_true(tzif_read(file.bytes, file.count, 0, END_2100, &table));
	assert_int_equal(table.count, 2 * 130);
	assert_int_equal(offset_at(&table, 1774745999), 3600);
	assert_int_equal(offset_at(&table, 1774746000), 7200);
	assert_int_equal(offset_at(&table, 1792889999), 7200);
	assert_int_equal(offset_at(&table, 1792890000), 3600);
}

/* Names in angle brackets, days of the year with and without 29 February, times before midnight, the
 * south. */
static void test_rules(void **state)
{
	static const struct {
		const char *footer;
		int64_t change_s; /* one of its changes in 2028, a leap year */
		int32_t before_s, after_s;
	} rules[] = {
		{"<+03>-3<+04>,J60/0,J300/0", 1835470800, 3 * 3600, 4 * 3600},
		{"<+00>0<+01>,59/0,300/0", 1835395200, 0, 3600},
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1837645200, -2 * 3600, -3600},
		{"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 1838214000, 11 * 3600, 37800},
	};
	static const int64_t times[] = {0};
	static const unsigned char types[] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		struct file file = file_of(times, types, 1, plain, rules[i].footer);
		struct tz_table table;

		assert_true(tzif_read(file.bytes, file.count, 0, END_2100, &table));
		assert_int_equal(offset_at(&table, rules[i].change_s - 1), rules[i].before_s);
		assert_int_equal(offset_at(&table, rules[i].change_s), rules[i].after_s);
	}
}

static void test_damaged(void **state)
{
	static const int64_t times[] = {100, 50};
	static const unsigned char types[] = {1, 0}, wrong[] = {1, 7};
	static const char *const footers[] = {"CET", "CET-1CEST", "C-1", "CET-1CEST,M13.1.0,M1.1.0",
		"CET-1CEST,M3.5.0,M10.5.0/3x", "<CET-1", "CET-999"};
	struct file file = file_of(times, types, 2, plain, "");
	struct tz_table table;

	(void)state;
	assert_false(tzif_read(file.bytes, file.count, 0, END_2100, &table)); /* not in order */
	file = file_of(times, wrong, 1, plain, "");
	for (size_t cut = 0; cut < file.count; cut++)
		assert_false(tzif_read(file.bytes, cut, 0, END_2100, &table));
	assert_true(tzif_read(file.bytes, file.count, 0, END_2100, &table));
	file = file_of(times, wrong + 1, 1, plain, "");
	assert_false(tzif_read(file.bytes, file.count, 0, END_2100, &table));
	for (size_t i = 0; i < sizeof footers / sizeof *footers; i++) {
		file = file_of(times, types, 1, plain, footers[i]);
		assert_false(tzif_read(file.bytes, file.count, 0, END_2100, &table));
	}
}

static void test_names(void **state)
{
	static const char *const names[] = {"", "/etc/passwd", "../passwd", "Europe/../../etc",
		"Europe/", "Europe//Berlin", "europe/berlin", "No/Such_Zone"};
	struct tz_table table;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(tz_load(str_from(names[i]), 0, END_2100, &table), ERR_NOT_FOUND);
}

/* Offsets at known times; the source is the zones' law, and for the past IANA's tzdata. */
static void test_host(void **state)
{
	static const struct {
		const char *zone;
		int64_t at_s;
		int32_t offset_s;
	} known[] = {
		{"Europe/Berlin", 1774745999, 3600}, /* 2026-03-29T00:59:59Z */
		{"Europe/Berlin", 1774746000, 7200},
		{"Europe/Berlin", 2531955600, 7200}, /* 2050-03-27T01:00:00Z */
		{"Europe/Berlin", 2531955599, 3600},
		{"America/New_York", 1772953199, -18000}, /* 2026-03-08T06:59:59Z */
		{"America/New_York", 1772953200, -14400},
		{"Australia/Lord_Howe", 1775314799, 39600}, /* 2026-04-04T14:59:59Z */
		{"Australia/Lord_Howe", 1775314800, 37800},
		{"Asia/Kolkata", 1774746000, 19800},
		{"UTC", 1774746000, 0},
		{"Europe/Dublin", 1774746000, 3600},
		{"Europe/Dublin", 2531955599, 0},
	};
	struct tz_table table;

	(void)state;
	if (tz_load(STR("UTC"), 0, END_2100, &table))
		skip(); /* without tzdata there is nothing to look at */
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		assert_int_equal(tz_load(str_from(known[i].zone), 0, END_2100, &table), ERR_OK);
		if (offset_at(&table, known[i].at_s) != known[i].offset_s)
			fail_msg("%s at %lld: %d", known[i].zone, (long long)known[i].at_s,
				offset_at(&table, known[i].at_s));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
