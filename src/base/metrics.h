/*
 * Process-wide counters and gauges from one table (metrics.def); atomic, lock-free.
 */
#ifndef WINNOW_BASE_METRICS_H
#define WINNOW_BASE_METRICS_H

#include <stdint.h>

enum metric {
#define C(name, help) METRIC_##name,
#define G(name, help) METRIC_##name,
#define S(name, help) METRIC_##name,
#include "base/metrics.def"
#undef C
#undef G
#undef S
	METRIC_COUNT
};

enum metric_kind {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_SECONDS, /* a gauge: the value is in microseconds, people read seconds */
};

struct metric_info {
	const char *name; /* without the "winnow_" prefix; counters without "_total" */
	const char *help;
	enum metric_kind kind;
};

void metric_add(enum metric metric, int64_t amount);
/* Of a gauge that is only ever set, never added to. */
void metric_set(enum metric metric, int64_t value);
int64_t metric_get(enum metric metric);
const struct metric_info *metric_info(enum metric metric);

#endif
