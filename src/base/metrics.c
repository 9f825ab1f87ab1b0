/*
 * Counters and gauges: one atomic each.
 */
#include "base/metrics.h"

#include <stdatomic.h>

static _Atomic int64_t values[METRIC_COUNT];

static const struct metric_info infos[METRIC_COUNT] = {
#define C(metric, text) [METRIC_##metric] = {#metric, text, METRIC_COUNTER},
#define G(metric, text) [METRIC_##metric] = {#metric, text, METRIC_GAUGE},
#define S(metric, text) [METRIC_##metric] = {#metric, text, METRIC_SECONDS},
#include "base/metrics.def"
#undef C
#undef G
#undef S
};

void metric_add(enum metric metric, int64_t amount)
{
	atomic_fetch_add_explicit(&values[metric], amount, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
	atomic_store_explicit(&values[metric], value, memory_order_relaxed);
}

int64_t metric_get(enum metric metric)
{
	return atomic_load_explicit(&values[metric], memory_order_relaxed);
}

const struct metric_info *metric_info(enum metric metric)
{
	return &infos[metric];
}
