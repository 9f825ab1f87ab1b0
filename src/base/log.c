/*
 * The log that operators and their collectors read. A line is built on the stack, so it can be
 * written when memory is out, and is no longer than what POSIX lets a pipe take in one piece.
 */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/str.h"

static _Atomic(enum log_level) threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&threshold, level, memory_order_relaxed);
}

enum log_level log_level(void)
{
	return atomic_load_explicit(&threshold, memory_order_relaxed);
}

#define ENDING ",\"truncated\":true}\n"
/* A cut text ends with an ellipsis and its quotation mark. */
#define CUT "\xe2\x80\xa6\""

enum {
	LINE_BYTES = PIPE_BUF,
	PAIRS_END = LINE_BYTES - (int)sizeof ENDING,
	TEXT_END = PAIRS_END - (int)sizeof CUT,
};

struct line {
	char bytes[LINE_BYTES];
	size_t len;
	bool truncated;
};

static bool put(struct line *line, const char *bytes, size_t count, size_t end)
{
	if (line->len > end || count > end - line->len)
		return false;
	memcpy(line->bytes + line->len, bytes, count);
	line->len += count;
	return true;
}

/* One character of a JSON string; returns how much of `rest` it stands for. */
static size_t escape(struct str rest, char out[8], size_t *out_len)
{
	static const char named[] = "\"\\\b\f\n\r\t";
	static const char names[] = "\"\\bfnrt";
	unsigned char c = (unsigned char)rest.ptr[0];
	size_t len = str_utf8_char(rest);
	const char *name = c ? strchr(named, c) : NULL;

	if (len == 0) {
		memcpy(out, "\xef\xbf\xbd", 3); /* U+FFFD for each stray byte */
		*out_len = 3;
		return 1;
	}
	if (name) {
		out[0] = '\\';
		out[1] = names[name - named];
		*out_len = 2;
	} else if (c < 0x20 || c == 0x7f) {
		*out_len = (size_t)snprintf(out, 8, "\\u%04x", c);
	} else {
		memcpy(out, rest.ptr, len);
		*out_len = len;
	}
	return len;
}

static bool put_text(struct line *line, const char *text)
{
	struct str rest = str_from(text);
	char out[8];
	size_t out_len;

	if (!text)
		return put(line, "null", 4, PAIRS_END);
	if (!put(line, "\"", 1, TEXT_END))
		return false;
	while (rest.len > 0) {
		size_t taken = escape(rest, out, &out_len);

		if (!put(line, out, out_len, TEXT_END)) {
			line->truncated = true;
			return put(line, CUT, sizeof CUT - 1, PAIRS_END);
		}
		rest.ptr += taken;
		rest.len -= taken;
	}
	return put(line, "\"", 1, PAIRS_END);
}

static bool put_key(struct line *line, const char *key)
{
	return put(line, line->len ? "," : "{", 1, TEXT_END) && put_text(line, key) &&
	       put(line, ":", 1, TEXT_END);
}

static void put_int(struct line *line, int64_t value, bool *good)
{
	char text[24];
	int len = snprintf(text, sizeof text, "%lld", (long long)value);

	*good = *good && put(line, text, (size_t)len, PAIRS_END);
}

static void put_real(struct line *line, double value, bool *good)
{
	char text[NUM_TEXT_SIZE];
	size_t len = num_to_text(value, text);

	*good = *good && put(line, text, len, PAIRS_END);
}

static void put_named(struct line *line, const char *key, const char *text)
{
	size_t start = line->len;

	if (put_key(line, key) && put_text(line, text))
		return;
	line->len = start;
	line->truncated = true;
}

static void put_time(struct line *line)
{
	int64_t now_us = clock_now_us(&clock_system);
	int64_t second_us = now_us / US_PER_S * US_PER_S;
	char text[40];
	size_t len = strlen(time_to_text(second_us, text));

	/* Always three digits, so that lines sort as text. */
	snprintf(text + len - 1, sizeof text - len + 1, ".%03dZ",
		(int)((now_us - second_us) / US_PER_MS % 1000));
	put_named(line, "ts", text);
}

/* A pair is on the line whole, perhaps with a cut text, or not at all. */
static void put_pairs(struct line *line, va_list args)
{
	const char *key;

	while ((key = va_arg(args, const char *)) != NULL) {
		size_t start = line->len;
		bool good = put_key(line, key);

		switch (va_arg(args, int)) {
		case LOG_KIND_TEXT: {
			const char *text = va_arg(args, const char *);

			good = good && put_text(line, text);
			break;
		}
		case LOG_KIND_INT: put_int(line, va_arg(args, int64_t), &good); break;
		case LOG_KIND_REAL: put_real(line, va_arg(args, double), &good); break;
		default:
			/* Not made by the macros: what follows cannot be known. */
			line->len = start;
			line->truncated = true;
			return;
		}
		if (!good) {
			line->len = start;
			line->truncated = true;
		}
	}
}

static void write_all(const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t written = write(STDERR_FILENO, bytes, count);

		if (written < 0 && errno == EINTR)
			continue;
		/* Nowhere to report that the log cannot be written. */
		if (written <= 0)
			return;
		bytes += written;
		count -= (size_t)written;
	}
}

void log_write(enum log_level level, const char *event, const char *message, ...)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	int saved_errno = errno;
	struct line line;
	va_list args;

	if (level < log_level() || level > LOG_ERROR)
		return;
	line.len = 0;
	line.truncated = false;
	put_time(&line);
	put_named(&line, "level", names[level]);
	put_named(&line, "event", event);
	put_named(&line, "message", message);
	va_start(args, message);
	put_pairs(&line, args);
	va_end(args);
	if (line.truncated)
		put(&line, ENDING, sizeof ENDING - 1, LINE_BYTES);
	else
		put(&line, "}\n", 2, LINE_BYTES);
	write_all(line.bytes, line.len);
	errno = saved_errno;
}
