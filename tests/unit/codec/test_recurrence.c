/*
 * Work that comes back: what periods are called, over the turns of years, and the item of one.
 */
#include "codec/catalog_support.h"

#include <time.h>

#include "codec/recurrence.h"

static const struct {
	int year, month, day;
	const char *week, *month_key, *quarter;
} keys[] = {
	{2026, 11, 21, "2026-W47", "2026-11", "2026-Q4"},
	{2026, 12, 31, "2026-W53", "2026-12", "2026-Q4"},
	{2027, 1, 1, "2026-W53", "2027-01", "2027-Q1"},
	{2027, 1, 4, "2027-W01", "2027-01", "2027-Q1"},
	{2024, 2, 29, "2024-W09", "2024-02", "2024-Q1"},
	{2024, 3, 31, "2024-W13", "2024-03", "2024-Q1"},
	{2024, 4, 1, "2024-W14", "2024-04", "2024-Q2"},
	{2026, 9, 30, "2026-W40", "2026-09", "2026-Q3"},
};

static void test_keys(void **state)
{
	char text[PERIOD_KEY_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct tm tm = {.tm_year = keys[i].year - 1900,
			.tm_mon = keys[i].month - 1,
			.tm_mday = keys[i].day};
		int64_t s = (int64_t)timegm(&tm);

		for (int64_t at = s; at < s + 86400; at += 86399) {
			assert_string_equal(recurrence_key(EVERY_WEEK, at, text), keys[i].week);
			assert_string_equal(
				recurrence_key(EVERY_MONTH, at, text), keys[i].month_key);
			assert_string_equal(
				recurrence_key(EVERY_QUARTER, at, text), keys[i].quarter);
		}
	}
}

static const struct {
	const char *body, *fault;
} bodies[] = {
	{"{'title':'t','stream':'incident','period':'week','start':'2026-01-01'}", NULL},
	{"{'stream':'incident','period':'week','start':'2026-01-01'}", "#/title"},
	{"{'title':'t','period':'week','start':'2026-01-01'}", "#/stream"},
	{"{'title':'t','stream':'nowhere','period':'week','start':'2026-01-01'}", "#/stream"},
	{"{'title':'t','stream':'incident','period':'day','start':'2026-01-01'}", "#/period"},
	{"{'title':'t','stream':'incident','period':'week','start':'2026-02-30'}", "#/start"},
	{"{'title':'t','stream':'incident','period':'week','start':'2026-01-01','status':'open'}",
		"#/status"},
	{"{'title':'t','stream':'incident','period':'week','start':'2026-01-01',"
	 "'features':{'nothing':1}}",
		"#/features/nothing"},
};

static void test_bodies(void **state)
{
	struct catalog *catalog = NULL;

	(void)state;
	assert_int_equal(
		catalog_build(default_documents, default_document_count, &catalog), ERR_OK);
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);
		json_t *json = json_of(bodies[i].body);
		struct str body;

		assert_int_equal(recurrence_parse(json, catalog, &scratch.arena, diag, &body),
			bodies[i].fault ? ERR_INVALID : ERR_OK);
		if (bodies[i].fault)
			assert_string_equal(diag->entries[0].pointer, bodies[i].fault);
		json_decref(json);
		scratch_end(&scratch);
	}
	catalog_unref(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
