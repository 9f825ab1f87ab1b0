/*
 * The access log. Under load it samples: a line is a system call, and a hundred lines a second say
 * as much as a hundred thousand; the metrics count every request.
 */
#include "http/access_log.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/* Lines of one kind in the present second. */
struct budget {
	int64_t second;
	int64_t spent;
	int64_t dropped;
};

static struct budget served;
static struct budget refused;

/* -1: none is left; else how many lines were dropped before this one. Losing count by a few when
 * the second changes is fine. */
static int64_t spend(struct budget *budget, int64_t limit, int64_t now_us)
{
	int64_t second = now_us / US_PER_S;

	if (__atomic_load_n(&budget->second, __ATOMIC_RELAXED) != second) {
		__atomic_store_n(&budget->second, second, __ATOMIC_RELAXED);
		__atomic_store_n(&budget->spent, 0, __ATOMIC_RELAXED);
	}
	if (__atomic_load_n(&budget->spent, __ATOMIC_RELAXED) >= limit) {
		__atomic_fetch_add(&budget->dropped, 1, __ATOMIC_RELAXED);
		return -1;
	}
	__atomic_fetch_add(&budget->spent, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&budget->dropped, __ATOMIC_RELAXED) == 0)
		return 0;
	return __atomic_exchange_n(&budget->dropped, 0, __ATOMIC_RELAXED);
}

static bool is_probe(const struct route *route)
{
	return route &&
	       (strcmp(route->path, "/livez") == 0 || strncmp(route->path, "/readyz", 7) == 0 ||
		       strcmp(route->path, "/metrics") == 0);
}

void access_log(const struct request *request, int status, size_t bytes, int64_t duration_us,
	int64_t now_us)
{
	enum log_level level = LOG_INFO;
	int64_t dropped = 0;

	if (log_level() > LOG_INFO && status < 500)
		return;
	if (is_probe(request->route) && (status < 500 || status == 503))
		return;
	if (status >= 500)
		level = LOG_WARN;
	else if (status >= 400)
		dropped = spend(&refused, ACCESS_LOG_REFUSED_A_SECOND, now_us);
	else
		dropped = spend(&served, ACCESS_LOG_A_SECOND, now_us);
	if (dropped < 0)
		return;
	log_write(level, "request", "Answered", LOG_S("method", request->method),
		LOG_S("route", request->route ? request->route->path : "unmatched"),
		LOG_I("status", status), LOG_R("duration_ms", (double)duration_us / 1000),
		LOG_I("bytes", bytes), LOG_S("request_id", request->id),
		LOG_S("workspace", request->workspace.name), LOG_I("unlogged", dropped), NULL);
}
