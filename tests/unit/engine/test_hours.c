/*
 * Business time against vectors that were counted minute by minute by other code
 * (tests/vectors/business_time.txt), and by what must hold of any hours: additive, monotone, and the two
 * operations the inverse of each other.
 */
#include "winnow/hours.h"

#include "support.h"

enum { MAX_CHANGES = 64, MAX_SPANS = 16, MAX_DAYS = 16 };

/* Hours with all their room. */
struct fixture {
	struct wn_hours hours;
	struct wn_offset_change changes[MAX_CHANGES];
	struct wn_opening week[7][MAX_SPANS], day_spans[MAX_DAYS][MAX_SPANS];
	struct wn_special_day days[MAX_DAYS];
	int64_t days_before[MAX_DAYS + 1], changes_before[MAX_CHANGES];
	bool prepared;
};

static void begin(struct fixture *fixture)
{
	*fixture = (struct fixture){.prepared = false};
	fixture->hours.changes = fixture->changes;
	fixture->hours.days = fixture->days;
	for (int i = 0; i < 7; i++)
		fixture->hours.week[i].list = fixture->week[i];
	for (int i = 0; i < MAX_DAYS; i++)
		fixture->days[i].open.list = fixture->day_spans[i];
}

static const struct wn_hours *prepared(struct fixture *fixture)
{
	if (!fixture->prepared)
		wn_hours_prepare(&fixture->hours, fixture->days_before, fixture->changes_before);
	fixture->prepared = true;
	return &fixture->hours;
}

static void add_change(struct fixture *fixture, int64_t at_s, int32_t offset_s)
{
	assert_true(fixture->hours.change_count < MAX_CHANGES);
	fixture->changes[fixture->hours.change_count++] = (struct wn_offset_change){at_s, offset_s};
}

static void add_week(struct fixture *fixture, int day, int from, int until)
{
	struct wn_openings *open = &fixture->hours.week[day];

	assert_true(open->count < MAX_SPANS);
	fixture->week[day][open->count++] = (struct wn_opening){from * 60, until * 60};
}

static void add_open(struct fixture *fixture, int from, int until)
{
	size_t day = fixture->hours.day_count - 1;
	struct wn_openings *open = &fixture->days[day].open;

	fixture->day_spans[day][open->count++] = (struct wn_opening){from * 60, until * 60};
}

/* Also that the date has this number. */
static void add_day(struct fixture *fixture, const char *rest)
{
	int year, month, day;
	long long number;

	assert_int_equal(sscanf(rest, "%d-%d-%d %lld", &year, &month, &day, &number), 4);
	assert_int_equal(wn_day_of(year, month, day), number);
	assert_true(fixture->hours.day_count < MAX_DAYS);
	fixture->days[fixture->hours.day_count++].day = number;
}

static bool take_definition(struct fixture *fixture, const char *line)
{
	long long at;
	int a, b, c;

	if (strncmp(line, "hours ", 6) == 0)
		begin(fixture);
	else if (sscanf(line, "offset %d", &a) == 1)
		fixture->hours.offset_s = a;
	else if (sscanf(line, "change %lld %d", &at, &a) == 2)
		add_change(fixture, at, a);
	else if (sscanf(line, "week %d %d %d", &a, &b, &c) == 3)
		add_week(fixture, a, b, c);
	else if (strncmp(line, "day ", 4) == 0)
		add_day(fixture, line + 4);
	else if (sscanf(line, "open %d %d", &a, &b) == 2)
		add_open(fixture, a, b);
	else
		return false;
	return true;
}

static void check_line(struct fixture *fixture, const char *name, const char *line)
{
	long long a, b, c;
	int64_t given = -1;

	if (sscanf(line, "between %lld %lld %lld", &a, &b, &c) == 3)
		given = wn_hours_between(prepared(fixture), a, b);
	else if (sscanf(line, "after %lld %lld %lld", &a, &b, &c) == 3)
		given = wn_hours_after(prepared(fixture), a, b);
	else
		fail_msg("not understood: %s", line);
	if (given != c)
		fail_msg("%s: %s gives %lld", name, line, (long long)given);
}

/* Calls visit for each hours of the file, whole; returns how many lines were checked. */
static size_t walk_vectors(void (*visit)(struct fixture *fixture, uint64_t *seed), uint64_t *seed)
{
	FILE *file = test_vectors("business_time.txt");
	char line[256], name[256] = "";
	struct fixture fixture;
	size_t checked = 0;

	begin(&fixture);
	while (fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (strncmp(line, "hours ", 6) == 0) {
			if (name[0] && visit)
				visit(&fixture, seed);
			snprintf(name, sizeof name, "%s", line);
		}
		if (take_definition(&fixture, line))
			continue;
		check_line(&fixture, name, line);
		checked++;
	}
	if (visit)
		visit(&fixture, seed);
	fclose(file);
	return checked;
}

static void test_vectors_hold(void **state)
{
	(void)state;
	assert_true(walk_vectors(NULL, NULL) > 300);
}

/* ---- what must hold of any hours ---- */

enum { YEAR_S = 365 * WN_DAY_S };

static int64_t random_instant(uint64_t *seed)
{
	return INT64_C(1735689600) + (int64_t)test_below(seed, 5u * YEAR_S);
}

static void check_laws(struct fixture *fixture, uint64_t *seed)
{
	const struct wn_hours *hours = prepared(fixture);

	for (int i = 0; i < 300; i++) {
		int64_t a = random_instant(seed), b = random_instant(seed), open;
		int64_t middle = random_instant(seed);

		assert_int_equal(wn_hours_between(hours, a, b),
			wn_hours_between(hours, a, middle) + wn_hours_between(hours, middle, b));
		open = wn_hours_between(hours, a, b);
		assert_true(b >= a ? open >= 0 && open <= b - a : open <= 0);
		/* The inverse: it is reached, and not a second before. */
		open = 1 + (int64_t)test_below(seed, 2000 * 3600);
		b = wn_hours_after(hours, a, open);
		assert_int_not_equal(b, WN_NEVER);
		assert_int_equal(wn_hours_between(hours, a, b), open);
		assert_int_equal(wn_hours_between(hours, a, b - 1), open - 1);
	}
}

static void test_laws(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	walk_vectors(check_laws, &seed);
}

static void test_never(void **state)
{
	struct fixture closed, once;

	(void)state;
	begin(&closed);
	assert_int_equal(wn_hours_between(prepared(&closed), 0, WN_LAST_S), 0);
	assert_int_equal(wn_hours_after(&closed.hours, 1000, 1), WN_NEVER);
	assert_int_equal(wn_hours_after(&closed.hours, 1000, 0), 1000);
	begin(&once);
	add_day(&once, "2026-11-21 20778");
	add_open(&once, 0, 1);
	assert_int_equal(wn_hours_after(prepared(&once), 0, 60), INT64_C(20778) * WN_DAY_S + 60);
	assert_int_equal(wn_hours_after(&once.hours, 0, 61), WN_NEVER);
}

static void test_every_hour(void **state)
{
	(void)state;
	assert_int_equal(wn_hours_between(NULL, -5, 7), 12);
	assert_int_equal(wn_hours_after(NULL, 10, 5), 15);
	assert_int_equal(wn_hours_after(NULL, WN_LAST_S - 1, 5), WN_NEVER);
	assert_int_equal(wn_hours_after(NULL, WN_LAST_S, 5), WN_NEVER);
}

static void test_days(void **state)
{
	(void)state;
	assert_int_equal(wn_day_of(1970, 1, 1), 0);
	assert_int_equal(wn_day_of(1969, 12, 31), -1);
	assert_int_equal(wn_day_of(2000, 2, 29), 11016);
	assert_int_equal(wn_day_of(9999, 12, 31) + 1, WN_LAST_S / WN_DAY_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors_hold),
		cmocka_unit_test(test_laws),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_every_hour),
		cmocka_unit_test(test_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
