/*
 * Calendars: the one written form, faults with their places, and which window is open: over the end
 * of the week, with offsets, with several at once, and after a calendar was deleted.
 */
#include "codec/catalog_support.h"

#include <math.h>

#include "base/clock.h"
#include "base/out_of_memory.h"

#define DAY 86400.0

static double at(const char *text)
{
	int64_t us;

	assert_true(time_parse_rfc3339(str_from(text), &us));
	return (double)us / US_PER_S;
}

static enum error parse(const char *text, struct scratch *scratch, struct str *body)
{
	struct diag *diag = scratch_begin(scratch);
	json_t *json = json_of(text);
	enum error err = calendar_parse(json, &scratch->arena, diag, body);

	json_decref(json);
	return err;
}

/* A catalogue with the calendar "c". */
static struct catalog *catalog_with(const char *text)
{
	struct document document = {STR("calendar"), STR("c"), STR_NONE, 4};
	struct document all[64];
	struct catalog *catalog = NULL;
	struct scratch scratch;
	enum error err = parse(text, &scratch, &document.body);

	show_faults(&scratch.diag);
	assert_int_equal(err, ERR_OK);
	memcpy(all, default_documents, default_document_count * sizeof *all);
	all[default_document_count] = document;
	assert_int_equal(catalog_build(all, default_document_count + 1, &catalog), ERR_OK);
	scratch_end(&scratch);
	return catalog;
}

static void test_forms(void **state)
{
	static const struct {
		const char *given, *written;
	} forms[] = {
		{"{}", "{\"utc_offset\":\"+00:00\",\"weekly\":[],\"windows\":[]}"},
		{"{'utc_offset':'-00:00','weekly':null}",
			"{\"utc_offset\":\"+00:00\",\"weekly\":[],\"windows\":[]}"},
		{"{'utc_offset':'-05:30','weekly':[{'from':'fri 16:00','until':'mon 08:05',"
		 "'reason':'weekend'},{'from':'sun 23:59','until':'sun 23:58'}],'windows':[{'from':"
		 "'2026-12-24T00:00:00+01:00','until':'2026-12-27T00:00:00Z'}]}",
			"{\"utc_offset\":\"-05:30\",\"weekly\":[{\"from\":\"fri 16:00\",\"reason\":"
			"\"weekend\",\"until\":\"mon 08:05\"},{\"from\":\"sun 23:59\",\"until\":"
			"\"sun 23:58\"}],\"windows\":[{\"from\":\"2026-12-23T23:00:00Z\",\"until\":"
			"\"2026-12-27T00:00:00Z\"}]}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct scratch scratch, again;
		struct str body = STR_NONE, second = STR_NONE;

		assert_int_equal(parse(forms[i].given, &scratch, &body), ERR_OK);
		assert_string_equal(body.ptr, forms[i].written);
		assert_int_equal(parse(body.ptr, &again, &second), ERR_OK);
		assert_true(str_eq(body, second));
		scratch_end(&scratch);
		scratch_end(&again);
	}
}

static void test_faults(void **state)
{
	static const struct {
		const char *json, *pointer, *part;
	} faults[] = {
		{"[]", "#", "JSON object"},
		{"{'x':1}", "#/x", "no such field"},
		{"{'utc_offset':'+15:00'}", "#/utc_offset", "-14:00 to +14:00"},
		{"{'utc_offset':'14:00'}", "#/utc_offset", "-14:00 to +14:00"},
		{"{'utc_offset':'*14:00'}", "#/utc_offset", "-14:00 to +14:00"},
		{"{'utc_offset':'+1:000'}", "#/utc_offset", "-14:00 to +14:00"},
		{"{'utc_offset':2}", "#/utc_offset", "a string"},
		{"{'windows':{}}", "#/windows", "list"},
		{"{'windows':[1]}", "#/windows/0", "an object"},
		{"{'windows':[{}]}", "#/windows/0/from", "required"},
		{"{'windows':[{}]}", "#/windows/0/until", "required"},
		{"{'windows':[{'from':'2026-01-02T00:00:00Z','until':'2026-01-02T00:00:00Z'}]}",
			"#/windows/0/until", "after it begins"},
		{"{'windows':[{'from':'2026-01-02T00:00:00Z','until':'2026-01-03T00:00:00Z','z':1}]"
		 "}",
			"#/windows/0/z", "no such field"},
		{"{'weekly':[{'from':'fri 16:00'}]}", "#/weekly/0/until", "required"},
		{"{'weekly':[{'from':'Fri 16:00','until':'mon 08:00'}]}", "#/weekly/0/from",
			"a day of the week"},
		{"{'weekly':[{'from':'fri 24:00','until':'mon 08:00'}]}", "#/weekly/0/from",
			"a day of the week"},
		{"{'weekly':[{'from':'fri 16:60','until':'mon 08:00'}]}", "#/weekly/0/from",
			"a day of the week"},
		{"{'weekly':[{'from':'fri','until':'mon 08:00'}]}", "#/weekly/0/from",
			"a day of the week"},
		{"{'weekly':[{'from':'fri 16:00','until':'fri 16:00'}]}", "#/weekly/0/until",
			"another time"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct scratch scratch;
		struct str body = STR_NONE;

		if (parse(faults[i].json, &scratch, &body) != ERR_INVALID)
			fail_msg("accepted: %s", faults[i].json);
		assert_fault(&scratch.diag, faults[i].pointer, faults[i].part);
		scratch_end(&scratch);
	}
}

static void test_too_many_windows(void **state)
{
	struct buf text = BUF_INIT;
	struct scratch scratch;
	struct str body = STR_NONE;

	(void)state;
	buf_puts(&text, "{'weekly':[");
	for (size_t i = 0; i <= 1000; i++)
		buf_printf(&text, "%s{'from':'mon 00:00','until':'mon 00:01'}", i > 0 ? "," : "");
	buf_puts(&text, "]}");
	assert_int_equal(parse(text.data, &scratch, &body), ERR_INVALID);
	assert_fault(&scratch.diag, "#/weekly", "at most 1000");
	scratch_end(&scratch);
	buf_release(&text);
}

/* 2026-11-20 is a Friday. */
static void test_open(void **state)
{
	static const struct {
		const char *calendar, *now, *from, *until, *reason; /* from NULL: closed */
	} cases[] = {
		{"{'weekly':[{'from':'fri 16:00','until':'mon 08:00','reason':'w'}]}",
			"2026-11-20T15:59:59Z", NULL, NULL, NULL},
		{"{'weekly':[{'from':'fri 16:00','until':'mon 08:00','reason':'w'}]}",
			"2026-11-20T16:00:00Z", "2026-11-20T16:00:00Z", "2026-11-23T08:00:00Z",
			"w"},
		{"{'weekly':[{'from':'fri 16:00','until':'mon 08:00'}]}", "2026-11-22T23:59:59Z",
			"2026-11-20T16:00:00Z", "2026-11-23T08:00:00Z", NULL},
		{"{'weekly':[{'from':'fri 16:00','until':'mon 08:00'}]}", "2026-11-23T07:59:59Z",
			"2026-11-20T16:00:00Z", "2026-11-23T08:00:00Z", NULL},
		{"{'weekly':[{'from':'fri 16:00','until':'mon 08:00'}]}", "2026-11-23T08:00:00Z",
			NULL, NULL, NULL},
		/* An offset moves the clock of the week, over its end too. */
		{"{'utc_offset':'+02:00','weekly':[{'from':'mon 00:00','until':'mon 01:00'}]}",
			"2026-11-22T22:30:00Z", "2026-11-22T22:00:00Z", "2026-11-22T23:00:00Z",
			NULL},
		{"{'utc_offset':'-11:00','weekly':[{'from':'sun 20:00','until':'mon 02:00'}]}",
			"2026-11-23T12:00:00Z", "2026-11-23T07:00:00Z", "2026-11-23T13:00:00Z",
			NULL},
		/* All but a minute of the week. */
		{"{'weekly':[{'from':'wed 10:01','until':'wed 10:00'}]}", "2026-11-25T10:00:59Z",
			NULL, NULL, NULL},
		{"{'weekly':[{'from':'wed 10:01','until':'wed 10:00'}]}", "2026-11-25T09:59:59Z",
			"2026-11-18T10:01:00Z", "2026-11-25T10:00:00Z", NULL},
		/* Before 1970 the weeks go on. */
		{"{'weekly':[{'from':'wed 12:00','until':'thu 12:00'}]}", "1969-12-31T23:00:00Z",
			"1969-12-31T12:00:00Z", "1970-01-01T12:00:00Z", NULL},
		{"{'windows':[{'from':'2026-12-24T00:00:00Z','until':'2026-12-27T00:00:00Z'}]}",
			"2026-12-27T00:00:00Z", NULL, NULL, NULL},
		/* Of several the one that ends last; of equal ends the first given. */
		{"{'windows':[{'from':'2026-11-20T00:00:00Z','until':'2026-11-21T00:00:00Z'},"
		 "{'from':'2026-11-20T10:00:00Z','until':'2026-11-22T00:00:00Z','reason':'b'},"
		 "{'from':'2026-11-20T09:00:00Z','until':'2026-11-22T00:00:00Z','reason':'c'}],"
		 "'weekly':[{'from':'fri 00:00','until':'sat 00:00','reason':'d'}]}",
			"2026-11-20T12:00:00Z", "2026-11-20T10:00:00Z", "2026-11-22T00:00:00Z",
			"b"},
		{"{}", "2026-11-20T12:00:00Z", NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct catalog *catalog = catalog_with(cases[i].calendar);
		const struct calendar *calendar = catalog_calendar(catalog, STR("c"));
		struct str reason = STR_NONE;
		double from_s, until_s;
		bool open = calendar_open(calendar, at(cases[i].now), &from_s, &until_s, &reason);

		if (open != (cases[i].from != NULL))
			fail_msg("case %zu is %s", i, open ? "open" : "closed");
		if (open) {
			assert_true(from_s == at(cases[i].from));
			assert_true(until_s == at(cases[i].until));
			assert_true(str_eq(reason, str_from(cases[i].reason)));
		}
		catalog_unref(catalog);
	}
}

/* The last change and the next one, whether or not a window is open. */
static void test_lull(void **state)
{
	static const struct {
		const char *calendar, *now, *from, *until; /* NULL: none */
	} cases[] = {
		{"{}", "2026-11-20T12:00:00Z", NULL, NULL},
		{"{'windows':[{'from':'2026-12-24T00:00:00Z','until':'2026-12-27T00:00:00Z'}]}",
			"2026-12-01T00:00:00Z", NULL, "2026-12-24T00:00:00Z"},
		{"{'windows':[{'from':'2026-12-24T00:00:00Z','until':'2026-12-27T00:00:00Z'}]}",
			"2026-12-24T00:00:00Z", "2026-12-24T00:00:00Z", "2026-12-27T00:00:00Z"},
		{"{'windows':[{'from':'2026-12-24T00:00:00Z','until':'2026-12-27T00:00:00Z'}]}",
			"2027-01-01T00:00:00Z", "2026-12-27T00:00:00Z", NULL},
		/* A window that ends inside another one changes its outcome, too: its reason. */
		{"{'windows':[{'from':'2026-11-20T00:00:00Z','until':'2026-11-21T00:00:00Z'},"
		 "{'from':'2026-11-20T10:00:00Z','until':'2026-11-22T00:00:00Z'}]}",
			"2026-11-20T12:00:00Z", "2026-11-20T10:00:00Z", "2026-11-21T00:00:00Z"},
		{"{'utc_offset':'-11:00','weekly':[{'from':'sun 20:00','until':'mon 02:00'}]}",
			"2026-11-23T12:00:00Z", "2026-11-23T07:00:00Z", "2026-11-23T13:00:00Z"},
		{"{'utc_offset':'-11:00','weekly':[{'from':'sun 20:00','until':'mon 02:00'}]}",
			"2026-11-23T13:00:00Z", "2026-11-23T13:00:00Z", "2026-11-30T07:00:00Z"},
		{"{'weekly':[{'from':'wed 12:00','until':'thu 12:00'}]}", "1969-12-31T23:00:00Z",
			"1969-12-31T12:00:00Z", "1970-01-01T12:00:00Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct catalog *catalog = catalog_with(cases[i].calendar);
		struct lull lull = {at(cases[i].now), -INFINITY, INFINITY};
		double from_s = cases[i].from ? at(cases[i].from) : -INFINITY;
		double until_s = cases[i].until ? at(cases[i].until) : INFINITY;

		calendar_lull(catalog_calendar(catalog, STR("c")), &lull);
		if (lull.from_s != from_s || lull.until_s != until_s)
			fail_msg("case %zu: from %.0f until %.0f", i, lull.from_s, lull.until_s);
		catalog_unref(catalog);
	}
}

/* A window of the week is open as long in any week and with any offset. */
static void test_open_minutes_of_a_week(void **state)
{
	static const struct {
		const char *offset;
		int minutes;
	} offsets[] = {{"+00:00", 0}, {"+14:00", 840}, {"-14:00", -840}, {"+05:45", 345}};

	(void)state;
	for (size_t o = 0; o < 4; o++) {
		char text[160];
		struct catalog *catalog;
		unsigned open_minutes = 0;

		snprintf(text, sizeof text,
			"{'utc_offset':'%s','weekly':[{'from':'sat 22:30','until':'tue 03:15'}]}",
			offsets[o].offset);
		catalog = catalog_with(text);
		for (unsigned minute = 0; minute < 7 * 24 * 60; minute++) {
			/* Monday 00:00, local */
			double local_s = minute * 60.0, from_s, until_s;
			double now_s =
				at("2026-11-23T00:00:00Z") + local_s - offsets[o].minutes * 60;
			struct str reason;
			bool open = calendar_open(catalog_calendar(catalog, STR("c")), now_s,
				&from_s, &until_s, &reason);
			bool meant =
				local_s >= 5 * DAY + 22.5 * 3600 || local_s < DAY + 3.25 * 3600;

			assert_int_equal(open, meant);
			if (!open)
				continue;
			open_minutes++;
			assert_true(from_s <= now_s && now_s < until_s);
			assert_true(until_s - from_s == DAY * 2 + 4.75 * 3600);
		}
		assert_int_equal(open_minutes, 2 * 24 * 60 + 285);
		catalog_unref(catalog);
	}
}

static void test_deleted(void **state)
{
	static const char *const bodies[] = {"null", "{\"deleted\":true}", ""};
	static const char sound[] = "{\"weekly\":[]}";

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct document documents[3] = {
			{STR("calendar"), STR("a"), str_from(sound), 2},
			{STR("calendar"), STR("a"), str_from(bodies[i]), 3},
			{STR("calendar"), STR("b"), str_from(sound), 2},
		};
		struct catalog *catalog = NULL;
		struct buf out = BUF_INIT;

		assert_int_equal(catalog_build(documents, 3, &catalog), ERR_OK);
		assert_int_equal(catalog->calendar_count, 1);
		assert_null(catalog_calendar(catalog, STR("a")));
		calendar_write(&out, catalog_calendar(catalog, STR("b")));
		assert_string_equal(out.data, "{\"name\":\"b\",\"revision\":2,\"weekly\":[]}");
		buf_release(&out);
		catalog_unref(catalog);
		/* It may come back. */
		documents[0].revision = 4;
		assert_int_equal(catalog_build(documents, 3, &catalog), ERR_OK);
		assert_int_equal(catalog_calendar(catalog, STR("a"))->revision, 4);
		catalog_unref(catalog);
	}
}

static void test_out_of_memory(void **state)
{
	json_t *json = json_of(
		"{'utc_offset':'+02:00','weekly':[{'from':'fri 16:00','until':'mon 08:00','reason':"
		"'w'}],'windows':[{'from':'2026-12-24T00:00:00Z','until':'2026-12-27T00:00:00Z'}]"
		"}");

	(void)state;
	for (long n = 0;; n++) {
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);
		struct str body = STR_NONE;
		enum error err;
		bool failed;

		oom_begin(n);
		err = calendar_parse(json, &scratch.arena, diag, &body);
		failed = oom_end();
		assert_int_equal(err, failed ? ERR_NO_MEMORY : ERR_OK);
		scratch_end(&scratch);
		if (!failed)
			break;
	}
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_too_many_windows),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_lull),
		cmocka_unit_test(test_open_minutes_of_a_week),
		cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_out_of_memory),
	};

	json_init();
	return cmocka_run_group_tests_name("codec/calendar", tests, NULL, NULL);
}
