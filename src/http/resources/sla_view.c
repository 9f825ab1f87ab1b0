/*
 * One clock, and the lists of those that are over or nearly so.
 */
#include "http/resources/sla_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/resources/view.h"

#define SECONDS_PER_HOUR 3600.0

static const char *const state_names[] = {
	[WN_CLOCK_WAITING] = "not_started",
	[WN_CLOCK_RUNNING] = "running",
	[WN_CLOCK_PAUSED] = "paused",
	[WN_CLOCK_MET] = "met",
	[WN_CLOCK_BREACHED] = "breached",
};

static void put_time(struct json_writer *json, const char *key, int64_t at_s)
{
	json_key(json, key);
	if (at_s == WN_NEVER)
		json_nil(json);
	else
		json_time(json, at_s * US_PER_S);
}

static void put_hours(struct json_writer *json, const char *key, int64_t seconds)
{
	json_put(json, key, number, (double)seconds / SECONDS_PER_HOUR);
}

static void write_reading(struct json_writer *json, const struct sla_rule *rule,
	const struct wn_clock_reading *reading)
{
	json_object_begin(json);
	json_put(json, "rule", str, rule->id);
	json_put(json, "hours", str, rule->hours);
	json_put(json, "state", text, state_names[reading->state]);
	put_hours(json, "target_hours", rule->target_s);
	put_hours(json, "used_hours", reading->used_s);
	put_hours(json, "left_hours", reading->left_s);
	put_time(json, "started_at", reading->started_s);
	put_time(json, "due_at", reading->due_s);
	put_time(json, "stopped_at", reading->stopped_s);
	json_put(json, "due_soon", bool, sla_is_due_soon(rule, reading));
	json_put(json, "restarts", int, reading->restarts);
	json_object_end(json);
}

void sla_write_clock(
	struct json_writer *json, const struct ranking *ranking, uint32_t row, int64_t as_of_us)
{
	struct wn_clock_reading reading;

	if (ranking->slas && sla_read(ranking->slas, row, as_of_us / US_PER_S, &reading))
		write_reading(json, sla_rule_of(ranking->slas, row), &reading);
	else
		json_nil(json);
}

/* ---- findings ---- */

struct found {
	uint32_t row;
	struct wn_clock_reading reading;
};

static int compare_found(const void *a, const void *b, void *of)
{
	const struct found *x = a, *y = b;
	const struct ranking *ranking = of;

	if (x->reading.left_s != y->reading.left_s)
		return x->reading.left_s < y->reading.left_s ? -1 : 1;
	return memcmp(ranking->population.id[x->row], ranking->population.id[y->row],
		sizeof ranking->population.id[0]);
}

static size_t collect(
	const struct ranking *ranking, int64_t now_s, bool breached, struct found *list)
{
	size_t count = 0;

	for (uint32_t row = 0; row < ranking->rows; row++) {
		struct wn_clock_reading reading;

		if (!ranking->candidates[row] || !sla_read(ranking->slas, row, now_s, &reading))
			continue;
		if (breached ? reading.state != WN_CLOCK_BREACHED
			     : !sla_is_due_soon(sla_rule_of(ranking->slas, row), &reading))
			continue;
		if (list)
			list[count] = (struct found){row, reading};
		count++;
	}
	return count;
}

static bool write_list(struct json_writer *json, const struct ranking *ranking, size_t limit,
	int64_t now_s, bool breached, size_t *total)
{
	size_t count = ranking->slas ? collect(ranking, now_s, breached, NULL) : 0;
	struct found *list = calloc(count + 1, sizeof *list);

	*total = count;
	if (!list)
		return false;
	if (count > 0)
		collect(ranking, now_s, breached, list);
	if (count > 1)
		qsort_r(list, count, sizeof *list, compare_found, (void *)(uintptr_t)ranking);
	json_key(json, breached ? "sla_breached" : "sla_due_soon");
	json_array_begin(json);
	for (size_t i = 0; i < count && i < limit; i++) {
		json_object_begin(json);
		json_key(json, "item");
		view_write_item(json, ranking, list[i].row);
		json_key(json, "sla");
		write_reading(json, sla_rule_of(ranking->slas, list[i].row), &list[i].reading);
		json_object_end(json);
	}
	json_array_end(json);
	free(list);
	return true;
}

bool sla_write_findings(struct json_writer *json, const struct ranking *ranking, size_t limit,
	int64_t as_of_us, struct sla_findings *out)
{
	int64_t now_s = as_of_us / US_PER_S;

	return write_list(json, ranking, limit, now_s, true, &out->breached) &&
	       write_list(json, ranking, limit, now_s, false, &out->due_soon);
}
