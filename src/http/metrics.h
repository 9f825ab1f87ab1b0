/*
 * Metrics of requests by route, and the page that Prometheus reads. One set a process; lock-free.
 */
#ifndef WINNOW_HTTP_METRICS_H
#define WINNOW_HTTP_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/router.h"

/* The router must outlive the metrics. False when memory is out. */
bool http_metrics_init(const struct router *router);
void http_metrics_release(void);
/* route_index as from router_find; router_count() counts as "unmatched". Thread-safe. */
void http_metrics_observe(size_t route_index, int status, int64_t duration_us);
/* Text exposition format 0.0.4. */
void http_metrics_write(struct buf *out);

#endif
