/*
 * One log line a request, as long as they are few. Failures of the server are always logged; of
 * the rest at most a set number a second, the lines between being counted.
 */
#ifndef WINNOW_HTTP_ACCESS_LOG_H
#define WINNOW_HTTP_ACCESS_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "http/http.h"

enum { ACCESS_LOG_A_SECOND = 100, ACCESS_LOG_REFUSED_A_SECOND = 100 };

/* Thread-safe. Health checks and /metrics are not logged unless they fail with 5xx other than
 * 503. */
void access_log(const struct request *request, int status, size_t bytes, int64_t duration_us,
	int64_t now_us);

#endif
