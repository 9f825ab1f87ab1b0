/*
 * Counting what is answered. Each thread adds to one of a few shards, so that two event loops do
 * not fight for a cache line on every request; a reader sums them up.
 *
 * The labels are the route's template, its method and the class of the status: what a client can
 * choose never makes a new series.
 */
#include "http/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/metrics.h"
#include "winnow/version.h"

enum { SHARDS = 8, CLASSES = 5, CACHE_LINE = 64 };

static const int64_t bounds_us[] = {
	100, 1000, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000};
static const char *const bound_texts[] = {
	"0.0001", "0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "5"};
enum { BOUNDS = sizeof bounds_us / sizeof *bounds_us };

struct series {
	uint64_t classes[CLASSES]; /* 1xx … 5xx */
	uint64_t buckets[BOUNDS + 1];
	uint64_t sum_us;
};

/* Two loops that count the same route must not share a line. */
struct slot {
	struct series series;
} __attribute__((aligned(CACHE_LINE)));

static struct slot *slots; /* [shard][route], the last route is "unmatched" */
static const struct router *routes;

bool http_metrics_init(const struct router *router)
{
	size_t bytes = SHARDS * (router_count(router) + 1) * sizeof(struct slot);

	slots = aligned_alloc(CACHE_LINE, bytes);
	if (!slots)
		return false;
	memset(slots, 0, bytes);
	routes = router;
	return true;
}

void http_metrics_release(void)
{
	free(slots);
	slots = NULL;
	routes = NULL;
}

static size_t my_shard(void)
{
	static unsigned next;
	static _Thread_local unsigned mine; /* 0: not chosen yet */

	if (!mine)
		mine = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) % SHARDS + 1;
	return mine - 1;
}

void http_metrics_observe(size_t route_index, int status, int64_t duration_us)
{
	struct series *series =
		&slots[my_shard() * (router_count(routes) + 1) + route_index].series;
	size_t hundred = status >= 100 && status < 600 ? (size_t)(status / 100 - 1) : CLASSES - 1;
	size_t bucket = 0;

	while (bucket < BOUNDS && duration_us > bounds_us[bucket])
		bucket++;
	__atomic_fetch_add(&series->classes[hundred], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&series->buckets[bucket], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(
		&series->sum_us, (uint64_t)(duration_us > 0 ? duration_us : 0), __ATOMIC_RELAXED);
}

static void sum_up(size_t route_index, struct series *out)
{
	size_t stride = router_count(routes) + 1;

	memset(out, 0, sizeof *out);
	for (size_t shard = 0; shard < SHARDS; shard++) {
		const struct series *series = &slots[shard * stride + route_index].series;

		for (size_t i = 0; i < CLASSES; i++)
			out->classes[i] += __atomic_load_n(&series->classes[i], __ATOMIC_RELAXED);
		for (size_t i = 0; i <= BOUNDS; i++)
			out->buckets[i] += __atomic_load_n(&series->buckets[i], __ATOMIC_RELAXED);
		out->sum_us += __atomic_load_n(&series->sum_us, __ATOMIC_RELAXED);
	}
}

static void write_head(struct buf *out, const char *name, const char *help, const char *type)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Patterns hold braces and slashes, nothing that a label would have to escape. */
static void write_labels(struct buf *out, size_t route_index)
{
	const struct route *route =
		route_index < router_count(routes) ? router_route(routes, route_index) : NULL;

	buf_printf(out, "route=\"%s\",method=\"%s\"", route ? route->path : "unmatched",
		route ? route->method : "any");
}

static void write_counts(struct buf *out)
{
	write_head(out, "winnow_http_requests_total", "Requests answered", "counter");
	for (size_t i = 0; i <= router_count(routes); i++) {
		struct series series;

		sum_up(i, &series);
		for (size_t hundred = 1; hundred < CLASSES; hundred++) {
			buf_puts(out, "winnow_http_requests_total{");
			write_labels(out, i);
			buf_printf(out, ",status=\"%zuxx\"} %" PRIu64 "\n", hundred + 1,
				series.classes[hundred]);
		}
	}
}

static void write_histogram(struct buf *out, size_t route_index)
{
	struct series series;
	uint64_t total = 0;

	sum_up(route_index, &series);
	for (size_t i = 0; i <= BOUNDS; i++) {
		total += series.buckets[i];
		buf_puts(out, "winnow_http_request_duration_seconds_bucket{");
		write_labels(out, route_index);
		buf_printf(out, ",le=\"%s\"} %" PRIu64 "\n", i < BOUNDS ? bound_texts[i] : "+Inf",
			total);
	}
	buf_puts(out, "winnow_http_request_duration_seconds_sum{");
	write_labels(out, route_index);
	buf_printf(out, "} %" PRIu64 ".%06" PRIu64 "\n", series.sum_us / 1000000,
		series.sum_us % 1000000);
	buf_puts(out, "winnow_http_request_duration_seconds_count{");
	write_labels(out, route_index);
	buf_printf(out, "} %" PRIu64 "\n", total);
}

static void write_table(struct buf *out)
{
	for (int i = 0; i < METRIC_COUNT; i++) {
		const struct metric_info *info = metric_info((enum metric)i);
		bool counts = info->kind == METRIC_COUNTER;
		int64_t value = metric_get((enum metric)i);
		char name[128];

		snprintf(name, sizeof name, "winnow_%s%s", info->name, counts ? "_total" : "");
		write_head(out, name, info->help, counts ? "counter" : "gauge");
		if (info->kind == METRIC_SECONDS)
			buf_printf(out, "%s %" PRId64 ".%06" PRId64 "\n", name, value / US_PER_S,
				value % US_PER_S);
		else
			buf_printf(out, "%s %" PRId64 "\n", name, value);
	}
}

static unsigned count_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	if (!directory)
		return 0;
	while (readdir(directory))
		count++;
	closedir(directory);
	return count > 3 ? count - 3 : 0; /* ".", ".." and the directory itself */
}

/* Seconds since 1970 when this process started; 0 when /proc does not say. */
static double start_time_s(void)
{
	static double cached;
	char line[1024];
	unsigned long long ticks = 0;
	long long boot_s = 0;
	const char *at = NULL;
	FILE *file;

	if (cached > 0)
		return cached;
	file = fopen("/proc/self/stat", "re");
	if (file) {
		if (fgets(line, sizeof line, file))
			at = strrchr(line, ')'); /* the name before it may hold anything */
		fclose(file);
	}
	/* Field 22; the first behind the name is the third. */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		ticks = strtoull(at, NULL, 10);
	file = fopen("/proc/stat", "re");
	while (file && fgets(line, sizeof line, file)) {
		if (sscanf(line, "btime %lld", &boot_s) == 1)
			break;
	}
	if (file)
		fclose(file);
	if (ticks && boot_s)
		cached = (double)boot_s + (double)ticks / (double)sysconf(_SC_CLK_TCK);
	return cached;
}

static void write_process(struct buf *out)
{
	struct rusage usage;
	struct rlimit files = {0};
	unsigned long long pages = 0;
	unsigned long long resident = 0;
	unsigned long long page = (unsigned long long)sysconf(_SC_PAGESIZE);
	FILE *file = fopen("/proc/self/statm", "re");

	if (file) {
		if (fscanf(file, "%llu %llu", &pages, &resident) != 2)
			pages = resident = 0;
		fclose(file);
	}
	getrusage(RUSAGE_SELF, &usage);
	getrlimit(RLIMIT_NOFILE, &files);
	write_head(out, "process_cpu_seconds_total", "Processor time used", "counter");
	buf_printf(out, "process_cpu_seconds_total %.6f\n",
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	write_head(out, "process_resident_memory_bytes", "Resident memory", "gauge");
	buf_printf(out, "process_resident_memory_bytes %llu\n", resident * page);
	write_head(out, "process_virtual_memory_bytes", "Virtual memory", "gauge");
	buf_printf(out, "process_virtual_memory_bytes %llu\n", pages * page);
	write_head(out, "process_open_fds", "Open file descriptors", "gauge");
	buf_printf(out, "process_open_fds %u\n", count_files());
	write_head(out, "process_max_fds", "Limit of open file descriptors", "gauge");
	buf_printf(out, "process_max_fds %llu\n", (unsigned long long)files.rlim_cur);
	write_head(out, "process_start_time_seconds", "Start, in seconds since 1970", "gauge");
	buf_printf(out, "process_start_time_seconds %.2f\n", start_time_s());
}

void http_metrics_write(struct buf *out)
{
	write_head(out, "winnow_build_info", "The version, as a label", "gauge");
	buf_printf(out, "winnow_build_info{version=\"%s\"} 1\n", WINNOW_VERSION);
	write_table(out);
	if (routes) {
		write_counts(out);
		write_head(out, "winnow_http_request_duration_seconds",
			"Time from the end of a request's header to its answer", "histogram");
		for (size_t i = 0; i <= router_count(routes); i++)
			write_histogram(out, i);
	}
	write_process(out);
}
