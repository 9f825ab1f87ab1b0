/*
 * Calendars: when a freeze holds. Single windows of absolute time, and windows that come back every
 * week by a clock of fixed offset: {"utc_offset":"+02:00", "windows":[{"from","until","reason"}],
 * "weekly":[{"from":"fri 16:00","until":"mon 08:00","reason"}]}.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "codec/catalog_internal.h"
#include "codec/catalog_policy.h"
#include "codec/json.h"

enum {
	MAX_WINDOWS = 1000, /* of each sort */
	MAX_REASON = 1024,
	MAX_OFFSET_MINUTES = 14 * 60,
	MINUTE_S = 60,
	DAY_S = 86400,
	WEEK_S = 7 * DAY_S,
	/* 1970-01-01 was a Thursday. */
	THURSDAY_S = 3 * DAY_S,
};

static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* Two digits below `limit`; -1 when they are not. */
static int two_digits(const char *text, int limit)
{
	int number;

	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return -1;
	number = (text[0] - '0') * 10 + text[1] - '0';
	return number < limit ? number : -1;
}

/* "08:30" in minutes; -1. */
static int clock_minutes(struct str text)
{
	int hours, minutes;

	if (text.len != 5 || text.ptr[2] != ':')
		return -1;
	hours = two_digits(text.ptr, 24);
	minutes = two_digits(text.ptr + 3, 60);
	return hours < 0 || minutes < 0 ? -1 : hours * 60 + minutes;
}

static bool read_offset(
	const json_t *json, struct arena *arena, struct diag *diag, struct calendar *out)
{
	struct str text;
	int minutes;

	if (!json_read_text(json, "utc_offset", 1, 6, false, "", diag, arena, &text))
		return false;
	if (!text.ptr)
		return true;
	minutes = text.len == 6 ? clock_minutes((struct str){text.ptr + 1, 5}) : -1;
	if (minutes < 0 || minutes > MAX_OFFSET_MINUTES ||
		(text.ptr[0] != '+' && text.ptr[0] != '-')) {
		diag_add(diag, "/utc_offset",
			"Must be an offset from -14:00 to +14:00, such as +02:00.");
		return false;
	}
	out->offset_s = (text.ptr[0] == '-' ? -1.0 : 1.0) * minutes * MINUTE_S + 0.0;
	return true;
}

/* "fri 16:00" in seconds since Monday 00:00. */
static bool weekly_time(struct str text, double *out)
{
	int minutes;

	if (text.len != 9 || text.ptr[3] != ' ')
		return false;
	minutes = clock_minutes((struct str){text.ptr + 4, 5});
	for (int day = 0; day < 7 && minutes >= 0; day++) {
		if (memcmp(text.ptr, days[day], 3) != 0)
			continue;
		*out = day * DAY_S + minutes * MINUTE_S;
		return true;
	}
	return false;
}

static bool read_weekly_end(const json_t *json, const char *key, const char *pointer,
	struct arena *arena, struct diag *diag, double *out)
{
	struct str text;

	if (!json_read_text(json, key, 1, CATALOG_MAX_NAME, true, pointer, diag, arena, &text))
		return false;
	if (weekly_time(text, out))
		return true;
	diag_add(diag, diag_key(diag, pointer, key),
		"Must be a day of the week and a time, such as \"fri 16:00\".");
	return false;
}

/* The end of a window that runs over the end of the week lies in the next one. */
static bool read_weekly(const json_t *json, const char *pointer, struct arena *arena,
	struct diag *diag, struct calendar_window *out)
{
	bool ok = read_weekly_end(json, "from", pointer, arena, diag, &out->from_s);

	ok &= read_weekly_end(json, "until", pointer, arena, diag, &out->until_s);
	if (!ok)
		return false;
	if (out->from_s == out->until_s) {
		diag_add(diag, diag_key(diag, pointer, "until"),
			"A window ends at another time than it begins.");
		return false;
	}
	if (out->until_s < out->from_s)
		out->until_s += WEEK_S;
	return true;
}

static bool read_single(const json_t *json, const char *pointer, struct arena *arena,
	struct diag *diag, struct calendar_window *out)
{
	int64_t from_us, until_us;
	bool ok = json_read_time(json, "from", true, pointer, diag, &from_us);

	(void)arena;
	ok &= json_read_time(json, "until", true, pointer, diag, &until_us);
	if (!ok)
		return false;
	out->from_s = (double)from_us / US_PER_S;
	out->until_s = (double)until_us / US_PER_S;
	if (out->from_s < out->until_s)
		return true;
	diag_add(diag, diag_key(diag, pointer, "until"), "A window ends after it begins.");
	return false;
}

typedef bool read_window(const json_t *json, const char *pointer, struct arena *arena,
	struct diag *diag, struct calendar_window *out);

static bool read_windows(const json_t *json, const char *key, read_window *read,
	struct arena *arena, struct diag *diag, struct calendar_window **windows, size_t *count)
{
	static const char *const keys[] = {"from", "until", "reason", NULL};
	const json_t *list = json_object_get(json, key);
	const char *place = diag_key(diag, "", key);
	bool ok = true;

	if (!list || json_is_null(list))
		return true;
	if (!json_is_array(list) || json_array_size(list) > MAX_WINDOWS) {
		diag_add(diag, place, "This must be a list of at most %d windows.",
			(int)MAX_WINDOWS);
		return false;
	}
	*count = json_array_size(list);
	*windows = arena_array(arena, *count, sizeof **windows);
	if (!*windows)
		return false;
	for (size_t i = 0; i < *count; i++) {
		const json_t *window = json_array_get(list, i);
		const char *pointer = diag_index(diag, place, i);

		if (!json_is_object(window)) {
			diag_add(diag, pointer, "A window is an object with from and until.");
			ok = false;
			continue;
		}
		ok &= json_only_keys(window, keys, pointer, diag);
		ok &= json_read_text(window, "reason", 1, MAX_REASON, false, pointer, diag, arena,
			&(*windows)[i].reason);
		ok &= read(window, pointer, arena, diag, &(*windows)[i]);
	}
	return ok;
}

bool calendar_is_deleted(const json_t *json)
{
	return json_is_null(json) || json_is_true(json_object_get(json, "deleted"));
}

bool calendar_read(const json_t *json, struct arena *arena, struct diag *diag, struct calendar *out)
{
	static const char *const keys[] = {"utc_offset", "windows", "weekly", NULL};
	struct calendar_window *single = NULL, *weekly = NULL;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, "",
			"A calendar is a JSON object with utc_offset, windows and weekly.");
		return false;
	}
	ok = json_only_keys(json, keys, "", diag);
	ok &= read_offset(json, arena, diag, out);
	ok &= read_windows(json, "windows", read_single, arena, diag, &single, &out->single_count);
	ok &= read_windows(json, "weekly", read_weekly, arena, diag, &weekly, &out->weekly_count);
	out->single = single;
	out->weekly = weekly;
	return ok;
}

/* ---- the written form ---- */

static json_t *weekly_text(double seconds)
{
	int minutes = (int)fmod(seconds, WEEK_S) / MINUTE_S;
	char text[16];

	snprintf(text, sizeof text, "%s %02d:%02d", days[minutes / (24 * 60) % 7],
		minutes / 60 % 24, minutes % 60);
	return json_string(text);
}

static json_t *single_text(double seconds)
{
	char text[32];

	return json_string(time_to_text(llround(seconds * US_PER_S), text));
}

static json_t *windows_tree(
	const struct calendar_window *windows, size_t count, json_t *(*text)(double seconds))
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		json_t *window = json_object();
		int failed = !window;

		failed |= json_object_set_new(window, "from", text(windows[i].from_s));
		failed |= json_object_set_new(window, "until", text(windows[i].until_s));
		if (windows[i].reason.ptr)
			failed |= json_object_set_new(
				window, "reason", catalog_text(windows[i].reason));
		if (failed || json_array_append(list, window) != 0) {
			json_decref(list);
			list = NULL;
		}
		json_decref(window);
	}
	return list;
}

static json_t *calendar_tree(const struct calendar *calendar)
{
	json_t *tree = json_object();
	int minutes = (int)fabs(calendar->offset_s) / MINUTE_S;
	int failed = !tree;
	char offset[16];

	snprintf(offset, sizeof offset, "%c%02d:%02d", calendar->offset_s < 0 ? '-' : '+',
		minutes / 60 % 100, minutes % 60);
	failed |= json_object_set_new(tree, "utc_offset", json_string(offset));
	failed |= json_object_set_new(tree, "windows",
		windows_tree(calendar->single, calendar->single_count, single_text));
	failed |= json_object_set_new(tree, "weekly",
		windows_tree(calendar->weekly, calendar->weekly_count, weekly_text));
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

enum error calendar_parse(
	const json_t *json, struct arena *arena, struct diag *diag, struct str *body)
{
	struct calendar calendar = {0};
	bool ok = calendar_read(json, arena, diag, &calendar);
	enum error err = catalog_verdict(ok, diag);

	if (err)
		return err;
	return catalog_body(calendar_tree(&calendar), arena, body);
}

/* The body has members already; it is opened to put the name before them. */
void calendar_write(struct buf *out, const struct calendar *calendar)
{
	buf_puts(out, "{\"name\":");
	json_canonical_str(out, calendar->name);
	buf_printf(out, ",\"revision\":%lld,", (long long)calendar->revision);
	buf_str(out, (struct str){calendar->body.ptr + 1, calendar->body.len - 1});
}

const struct calendar *catalog_calendar(const struct catalog *catalog, struct str name)
{
	for (size_t i = 0; i < catalog->calendar_count; i++) {
		if (str_eq(catalog->calendars[i].name, name))
			return &catalog->calendars[i];
	}
	return NULL;
}

/* ---- which window is open ---- */

/* The best so far: of several that are open the one that ends last, of equals the first given. */
struct opening {
	bool open;
	double from_s, until_s;
	struct str reason;
};

static void consider(
	struct opening *best, const struct calendar_window *window, double shift_s, double now_s)
{
	double from_s = window->from_s + shift_s, until_s = window->until_s + shift_s;

	if (now_s < from_s || now_s >= until_s || (best->open && until_s <= best->until_s))
		return;
	*best = (struct opening){true, from_s, until_s, window->reason};
}

void lull_end(struct lull *lull, double at_s)
{
	if (at_s <= lull->now_s)
		lull->from_s = fmax(lull->from_s, at_s);
	else
		lull->until_s = fmin(lull->until_s, at_s);
}

/* place_s: since the week's beginning. */
static void end_weekly(const struct calendar *calendar, double place_s, struct lull *lull)
{
	double since_s = fmod(lull->now_s + calendar->offset_s + THURSDAY_S - place_s, WEEK_S);

	if (since_s < 0)
		since_s += WEEK_S;
	lull_end(lull, lull->now_s - since_s);
	lull_end(lull, lull->now_s - since_s + WEEK_S);
}

void calendar_lull(const struct calendar *calendar, struct lull *lull)
{
	for (size_t i = 0; i < calendar->single_count; i++) {
		lull_end(lull, calendar->single[i].from_s);
		lull_end(lull, calendar->single[i].until_s);
	}
	for (size_t i = 0; i < calendar->weekly_count; i++) {
		end_weekly(calendar, calendar->weekly[i].from_s, lull);
		end_weekly(calendar, calendar->weekly[i].until_s, lull);
	}
}

bool calendar_open(const struct calendar *calendar, double now_s, double *from_s, double *until_s,
	struct str *reason)
{
	struct opening best = {0};
	double local_s = now_s + calendar->offset_s;
	double week_s =
		floor((local_s + THURSDAY_S) / WEEK_S) * WEEK_S - THURSDAY_S - calendar->offset_s;

	for (size_t i = 0; i < calendar->single_count; i++)
		consider(&best, &calendar->single[i], 0, now_s);
	for (size_t i = 0; i < calendar->weekly_count; i++) {
		consider(&best, &calendar->weekly[i], week_s, now_s);
		/* What began last week may last into this one. */
		consider(&best, &calendar->weekly[i], week_s - WEEK_S, now_s);
	}
	if (!best.open)
		return false;
	*from_s = best.from_s;
	*until_s = best.until_s;
	*reason = best.reason;
	return true;
}
