/*
 * JSON lines to stderr, one write(2) a line, so lines of several threads never mix. A line is at
 * most PIPE_BUF (4096) bytes: longer texts are cut, and "truncated":true ends the line. Allocates
 * nothing, keeps errno. Thread-safe.
 * Never give it tokens, secrets or bodies.
 */
#ifndef WINNOW_BASE_LOG_H
#define WINNOW_BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Below this level nothing is written. Default LOG_INFO. */
void log_set_level(enum log_level level);
enum log_level log_level(void);

/*
 * event: a stable id in snake_case. message: a sentence. Then pairs of (const char *key, value)
 * made by the macros, ended by NULL:
 *     log_write(LOG_INFO, "listening", "Ready for requests", LOG_S("address", a), LOG_I("port", p),
 *               NULL);
 */
enum log_kind { LOG_KIND_TEXT = 1, LOG_KIND_INT, LOG_KIND_REAL };
#define LOG_S(key, text) (key), (int)LOG_KIND_TEXT, (const char *)(text)
#define LOG_I(key, number) (key), (int)LOG_KIND_INT, (int64_t)(number)
#define LOG_R(key, number) (key), (int)LOG_KIND_REAL, (double)(number)

void log_write(enum log_level level, const char *event, const char *message, ...)
	__attribute__((sentinel));

#endif
