/*
 * Business hours: {"zone":"Europe/Berlin", "weekly":[{"days":["mon",…],"from":"09:00","until":"17:30"}],
 * "special_days":[{"date":"2026-12-24","open":[{"from":"09:00","until":"12:00"}],"reason"}]}.
 *
 * What is stored has the changes of the zone's offset in it, as the database of time zones had them when
 * the hours were put: whoever computes with the document gets the same, whatever has become of that
 * database (docs/adr/0016).
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/tzif.h"
#include "codec/catalog_hours.h"
#include "codec/catalog_internal.h"
#include "codec/json.h"

enum {
	MAX_OPENINGS = 64,       /* weekly entries, openings of a special day */
	MAX_SPECIAL_DAYS = 2000, /* 15 a year for more than a century */
	MAX_REASON = 256,
	DAYS = 7,
};

/* The table covers these. */
#define FIRST_S INT64_C(0)         /* 1970 */
#define LAST_S INT64_C(4102444800) /* 2100 */

static const char *const day_names[DAYS + 1] = {
	"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};

struct reader {
	struct arena *arena;
	struct diag *diag;
};

/* ---- times and dates ---- */

/* So many digits of a number below `limit`; -1 when they are not. */
static int digits(const char *text, int count, int limit)
{
	int number = 0;

	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number < limit ? number : -1;
}

/* "17:30" in seconds; "24:00" is a day's end. */
static bool clock_seconds(struct str text, int32_t *out)
{
	int hours, minutes;

	if (text.len != 5 || text.ptr[2] != ':')
		return false;
	hours = digits(text.ptr, 2, 25);
	minutes = digits(text.ptr + 3, 2, 60);
	if (hours < 0 || minutes < 0 || (hours == 24 && minutes > 0))
		return false;
	*out = hours * 3600 + minutes * 60;
	return true;
}

static bool read_clock(const struct reader *reader, const json_t *json, const char *key,
	const char *pointer, int32_t *out)
{
	struct str text;

	if (!json_read_text(json, key, 1, 16, true, pointer, reader->diag, reader->arena, &text))
		return false;
	if (clock_seconds(text, out))
		return true;
	diag_add(reader->diag, diag_key(reader->diag, pointer, key),
		"Must be a time of day, such as \"09:00\", at most \"24:00\".");
	return false;
}

/* "2026-12-24" in days since 1970. */
static bool date_day(struct str text, int64_t *out)
{
	static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day;
	bool leap;

	if (text.len != 10 || text.ptr[4] != '-' || text.ptr[7] != '-')
		return false;
	year = digits(text.ptr, 4, 10000);
	month = digits(text.ptr + 5, 2, 13);
	day = digits(text.ptr + 8, 2, 32);
	if (year < 1970 || month < 1 || day < 1 || day > lengths[month - 1])
		return false;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (month == 2 && day == 29 && !leap)
		return false;
	*out = wn_day_of(year, month, day);
	return true;
}

/* ---- openings ---- */

/* A day's openings while they are read. */
struct openings {
	struct wn_opening *list;
	size_t count, room;
};

static bool openings_init(const struct reader *reader, struct openings *openings, size_t room)
{
	*openings = (struct openings){.room = room};
	openings->list = arena_array(reader->arena, room, sizeof *openings->list);
	return openings->list != NULL;
}

static void openings_add(struct openings *openings, int32_t from_s, int32_t until_s)
{
	if (from_s < until_s && openings->count < openings->room)
		openings->list[openings->count++] = (struct wn_opening){from_s, until_s};
}

static int compare_openings(const void *a, const void *b)
{
	const struct wn_opening *x = a, *y = b;

	return (x->from_s > y->from_s) - (x->from_s < y->from_s);
}

/* Ascending, and those that touch or overlap as one. */
static struct wn_openings openings_merged(struct openings *openings)
{
	size_t used = 0;

	qsort(openings->list, openings->count, sizeof *openings->list, compare_openings);
	for (size_t i = 0; i < openings->count; i++) {
		const struct wn_opening *next = &openings->list[i];
		struct wn_opening *last = used > 0 ? &openings->list[used - 1] : NULL;

		if (!last || next->from_s > last->until_s)
			openings->list[used++] = *next;
		else if (next->until_s > last->until_s)
			last->until_s = next->until_s;
	}
	return (struct wn_openings){openings->list, used};
}

static bool read_span(const struct reader *reader, const json_t *json, const char *pointer,
	struct wn_opening *out)
{
	bool ok = read_clock(reader, json, "from", pointer, &out->from_s);

	ok &= read_clock(reader, json, "until", pointer, &out->until_s);
	if (!ok)
		return false;
	if (out->from_s != out->until_s && out->from_s < WN_DAY_S)
		return true;
	diag_add(reader->diag, diag_key(reader->diag, pointer, "until"),
		"Must be another time than \"from\"; the whole day is \"00:00\" to \"24:00\".");
	return false;
}

static int day_index(struct str name)
{
	for (int i = 0; i < DAYS; i++) {
		if (str_is(name, day_names[i]))
			return i;
	}
	return -1;
}

/* What ends before it begins ends on the next day. */
static bool read_weekly_entry(const struct reader *reader, const json_t *json, const char *pointer,
	struct openings week[DAYS])
{
	static const char *const keys[] = {"days", "from", "until", NULL};
	const struct str *names;
	struct wn_opening span;
	size_t count;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(reader->diag, pointer, "This is an object with days, from and until.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, reader->diag);
	ok &= read_span(reader, json, pointer, &span);
	if (!json_read_texts(
		    json, "days", DAYS, 16, pointer, reader->diag, reader->arena, &names, &count))
		return false;
	if (count == 0) {
		diag_add(reader->diag, diag_key(reader->diag, pointer, "days"),
			"Must be a list of days of the week, such as [\"mon\", \"tue\"].");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		int day = day_index(names[i]);

		if (day < 0) {
			diag_add(reader->diag,
				diag_index(
					reader->diag, diag_key(reader->diag, pointer, "days"), i),
				"Must be mon, tue, wed, thu, fri, sat or sun.");
			ok = false;
		} else if (ok && span.until_s > span.from_s) {
			openings_add(&week[day], span.from_s, span.until_s);
		} else if (ok) {
			openings_add(&week[day], span.from_s, WN_DAY_S);
			openings_add(&week[(day + 1) % DAYS], 0, span.until_s);
		}
	}
	return ok;
}

static bool read_weekly(const struct reader *reader, const json_t *json, struct wn_hours *out)
{
	const json_t *list = json_object_get(json, "weekly");
	struct openings week[DAYS];
	bool ok = true;

	if (!json_is_array(list) || json_array_size(list) > MAX_OPENINGS) {
		diag_add(reader->diag, "/weekly",
			"This must be a list of at most %d entries, each with days, from and "
			"until.",
			(int)MAX_OPENINGS);
		return false;
	}
	for (int i = 0; i < DAYS; i++) {
		if (!openings_init(reader, &week[i], 2 * json_array_size(list) + 1))
			return false;
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		ok &= read_weekly_entry(reader, json_array_get(list, i),
			diag_index(reader->diag, "/weekly", i), week);
	for (int i = 0; i < DAYS; i++)
		out->week[i] = openings_merged(&week[i]);
	return ok;
}

/* ---- special days ---- */

/* Its hours lie within the date. */
static bool read_open(const struct reader *reader, const json_t *json, const char *pointer,
	struct wn_openings *out)
{
	static const char *const keys[] = {"from", "until", NULL};
	const json_t *list = json_object_get(json, "open");
	const char *place = diag_key(reader->diag, pointer, "open");
	struct openings open;
	bool ok = true;

	if (!json_is_given(list))
		return true;
	if (!json_is_array(list) || json_array_size(list) > MAX_OPENINGS) {
		diag_add(reader->diag, place, "This must be a list of at most %d openings.",
			(int)MAX_OPENINGS);
		return false;
	}
	if (!openings_init(reader, &open, json_array_size(list) + 1))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *at = diag_index(reader->diag, place, i);
		struct wn_opening span;

		if (!json_is_object(entry)) {
			diag_add(reader->diag, at, "An opening is an object with from and until.");
			ok = false;
			continue;
		}
		ok &= json_only_keys(entry, keys, at, reader->diag);
		if (!read_span(reader, entry, at, &span)) {
			ok = false;
			continue;
		}
		if (span.until_s < span.from_s) {
			diag_add(reader->diag, diag_key(reader->diag, at, "until"),
				"The hours of a date end on it; the next date has its own.");
			ok = false;
		}
		openings_add(&open, span.from_s, span.until_s);
	}
	*out = openings_merged(&open);
	return ok;
}

static bool read_special_day(const struct reader *reader, const json_t *json, const char *pointer,
	struct wn_special_day *out)
{
	static const char *const keys[] = {"date", "open", "reason", NULL};
	struct str date, reason;
	bool ok;

	*out = (struct wn_special_day){0};
	if (!json_is_object(json)) {
		diag_add(reader->diag, pointer, "A special day is an object with date and open.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, reader->diag);
	ok &= json_read_text(json, "reason", 1, MAX_REASON, false, pointer, reader->diag,
		reader->arena, &reason);
	ok &= read_open(reader, json, pointer, &out->open);
	if (!json_read_text(json, "date", 1, 32, true, pointer, reader->diag, reader->arena, &date))
		return false;
	if (date_day(date, &out->day))
		return ok;
	diag_add(reader->diag, diag_key(reader->diag, pointer, "date"),
		"Must be a date from 1970 on, such as \"2026-12-25\".");
	return false;
}

static int compare_days(const void *a, const void *b)
{
	const struct wn_special_day *x = a, *y = b;

	return (x->day > y->day) - (x->day < y->day);
}

/* Before they are sorted, so that the fault has its place. */
static bool check_once(const struct reader *reader, const struct wn_special_day *days, size_t at,
	const char *pointer)
{
	for (size_t i = 0; i < at; i++) {
		if (days[i].day != days[at].day)
			continue;
		diag_add(reader->diag, diag_key(reader->diag, pointer, "date"),
			"There are hours for this date already.");
		return false;
	}
	return true;
}

static bool read_special_days(const struct reader *reader, const json_t *json, struct wn_hours *out)
{
	const json_t *list = json_object_get(json, "special_days");
	struct wn_special_day *days;
	size_t count = json_array_size(list);
	bool ok = true;

	if (!json_is_given(list))
		return true;
	if (!json_is_array(list) || count > MAX_SPECIAL_DAYS) {
		diag_add(reader->diag, "/special_days", "This must be a list of at most %d dates.",
			(int)MAX_SPECIAL_DAYS);
		return false;
	}
	days = arena_array(reader->arena, count, sizeof *days);
	if (!days)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *pointer = diag_index(reader->diag, "/special_days", i);
		bool read = read_special_day(reader, json_array_get(list, i), pointer, &days[i]);

		ok &= read && check_once(reader, days, i, pointer);
	}
	qsort(days, count, sizeof *days, compare_days);
	out->days = days;
	out->day_count = count;
	return ok;
}

/* ---- the zone ---- */

static bool read_changes(const struct reader *reader, const json_t *json, struct wn_hours *out)
{
	const json_t *offsets = json_object_get(json, "offsets");
	const json_t *list = json_object_get(offsets, "changes");
	size_t count = json_array_size(list);
	struct wn_offset_change *changes = arena_array(reader->arena, count, sizeof *changes);

	if (!changes)
		return false;
	out->offset_s = (int32_t)json_integer_value(json_object_get(offsets, "first_s"));
	for (size_t i = 0; i < count; i++) {
		const json_t *change = json_array_get(list, i);

		changes[i].at_s = json_integer_value(json_array_get(change, 0));
		changes[i].offset_s = (int32_t)json_integer_value(json_array_get(change, 1));
	}
	out->changes = changes;
	out->change_count = count;
	return true;
}

static bool prepare(const struct reader *reader, struct wn_hours *hours)
{
	int64_t *days = arena_array(reader->arena, hours->day_count + 1, sizeof *days);
	int64_t *changes = arena_array(reader->arena, hours->change_count + 1, sizeof *changes);

	if (!days || !changes)
		return false;
	wn_hours_prepare(hours, days, changes);
	return true;
}

bool business_hours_read(const json_t *json, bool stored, struct arena *arena, struct diag *diag,
	struct business_hours *out)
{
	/* A client's has no offsets. */
	static const char *const keys[] = {"zone", "weekly", "special_days", "offsets", NULL};
	static const char *const given[] = {"zone", "weekly", "special_days", NULL};
	const struct reader reader = {arena, diag};
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, "",
			"Business hours are a JSON object with zone, weekly and special_days.");
		return false;
	}
	ok = json_only_keys(json, stored ? keys : given, "", diag);
	ok &= json_read_text(json, "zone", 1, TZ_MAX_NAME, true, "", diag, arena, &out->zone);
	ok &= read_weekly(&reader, json, &out->hours);
	ok &= read_special_days(&reader, json, &out->hours);
	return ok && (!stored || (read_changes(&reader, json, &out->hours) &&
					 prepare(&reader, &out->hours)));
}

/* ---- the written form ---- */

static json_t *changes_tree(const struct tz_table *table)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < table->count; i++) {
		json_t *change = json_pack("[I,i]", (json_int_t)table->changes[i].at_s,
			(int)table->changes[i].offset_s);

		if (json_array_append_new(list, change) == 0)
			continue;
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *offsets_tree(const struct tz_table *table)
{
	json_t *tree = json_object();

	if (tree && json_object_set_new(tree, "first_s", json_integer(table->offset_s)) == 0 &&
		json_object_set_new(tree, "changes", changes_tree(table)) == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

static json_t *hours_tree(const json_t *json, const struct tz_table *table)
{
	json_t *tree = json_deep_copy(json);

	if (!tree)
		return NULL;
	if (!json_has(tree, "special_days"))
		json_object_del(tree, "special_days");
	if (json_object_set_new(tree, "offsets", offsets_tree(table)) == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

static enum error load_zone(struct str zone, struct diag *diag, struct tz_table *table)
{
	enum error err = tz_load(zone, FIRST_S, LAST_S, table);

	if (err != ERR_NOT_FOUND)
		return err;
	diag_add(diag, "/zone",
		"This host's database of time zones has no such zone; a zone is one of IANA's, "
		"such "
		"as \"Europe/Berlin\".");
	return ERR_INVALID;
}

enum error business_hours_parse(
	const json_t *json, struct arena *arena, struct diag *diag, struct str *body)
{
	struct tz_table *table = arena_alloc(arena, sizeof *table);
	struct business_hours hours = {.revision = 0};
	bool ok = business_hours_read(json, false, arena, diag, &hours);
	enum error err = catalog_verdict(ok, diag);

	if (!table)
		return ERR_NO_MEMORY;
	/* With the other faults, if there are any. */
	if (hours.zone.ptr && (!err || err == ERR_INVALID)) {
		enum error zone = load_zone(hours.zone, diag, table);

		err = err ? err : zone;
	}
	return err ? err : catalog_body(hours_tree(json, table), arena, body);
}

static void write_changes(struct buf *out, const struct wn_hours *hours)
{
	buf_printf(out, "\"offsets\":{\"first_s\":%d,\"changes\":%zu,\"until\":", hours->offset_s,
		hours->change_count);
	buf_puts(out, "\"2100-01-01T00:00:00Z\"}");
}

static bool write_as_given(struct buf *out, const struct business_hours *hours)
{
	struct arena arena;
	struct diag diag;
	json_t *json = NULL;
	bool good;

	arena_init(&arena, 64u << 20);
	diag_init(&diag, &arena);
	good = json_parse(hours->body, 1, "", &diag, &json) == ERR_OK;
	if (good) {
		struct buf body = BUF_INIT;

		json_object_del(json, "offsets");
		json_canonical(&body, json);
		good = !body.failed;
		if (good)
			buf_str(out, (struct str){body.data + 1, body.len - 1});
		buf_release(&body);
	}
	json_decref(json);
	arena_release(&arena);
	return good;
}

void business_hours_write(struct buf *out, const struct business_hours *hours)
{
	buf_puts(out, "{\"name\":");
	json_canonical_str(out, hours->name);
	buf_printf(out, ",\"revision\":%lld,", (long long)hours->revision);
	write_changes(out, &hours->hours);
	buf_putc(out, ',');
	if (!write_as_given(out, hours))
		out->failed = true;
}

const struct business_hours *catalog_business_hours(const struct catalog *catalog, struct str name)
{
	for (size_t i = 0; i < catalog->business_hours_count; i++) {
		if (str_eq(catalog->business_hours[i].name, name))
			return &catalog->business_hours[i];
	}
	return NULL;
}
