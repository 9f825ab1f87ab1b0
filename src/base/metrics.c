/*
 * Counters and gauges. Each thread adds to one of a few shards, so that the event loops do not fight
 * for a cache line at every request; a reader sums them up.
 */
#include "base/metrics.h"

#include <stdatomic.h>

enum { SHARDS = 8, CACHE_LINE = 64 };

static struct {
	_Alignas(CACHE_LINE) _Atomic int64_t values[METRIC_COUNT];
} shards[SHARDS];

static const struct metric_info infos[METRIC_COUNT] = {
#define C(metric, text) [METRIC_##metric] = {#metric, text, METRIC_COUNTER},
#define G(metric, text) [METRIC_##metric] = {#metric, text, METRIC_GAUGE},
#define S(metric, text) [METRIC_##metric] = {#metric, text, METRIC_SECONDS},
#include "base/metrics.def"
#undef C
#undef G
#undef S
};

static unsigned my_shard(void)
{
	static atomic_uint next;
	static _Thread_local unsigned mine; /* 0: not chosen yet */

	if (!mine)
		mine = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % SHARDS + 1;
	return mine - 1;
}

void metric_add(enum metric metric, int64_t amount)
{
	atomic_fetch_add_explicit(&shards[my_shard()].values[metric], amount, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
	atomic_store_explicit(&shards[0].values[metric], value, memory_order_relaxed);
}

int64_t metric_get(enum metric metric)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < SHARDS; i++)
		sum += atomic_load_explicit(&shards[i].values[metric], memory_order_relaxed);
	return sum;
}

const struct metric_info *metric_info(enum metric metric)
{
	return &infos[metric];
}
