/*
 * Shown while a push or an export runs, to whoever sits in front of it.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/text.h"

enum {
	FIRST_US = 400 * 1000,
	AGAIN_US = 100 * 1000,
	LOGGED_AGAIN_US = 5 * US_PER_S,
	BAR_MAX = 30,
	BAR_MIN = 8,
};

/* The client does one thing at a time, and its messages have to know whose line is in the way. */
static struct progress *active;

static int64_t now_us(void)
{
	return clock_monotonic_us(&clock_system);
}

void progress_begin(struct progress *progress, const char *label, uint64_t total, bool quiet)
{
	const char *term = getenv("TERM");
	bool dumb = term && strcmp(term, "dumb") == 0;

	*progress = (struct progress){
		.label = label,
		.total = total,
		.wanted = !quiet && !dumb && isatty(STDERR_FILENO),
		.begun_us = now_us(),
	};
	progress->drawn_us = progress->begun_us + FIRST_US - AGAIN_US;
	active = progress;
}

void progress_as_log(struct progress *progress)
{
	if (progress->wanted)
		return; /* there is a terminal */
	progress->wanted = progress->as_log = true;
	progress->drawn_us = progress->begun_us;
}

static void put_percent(struct buf *out, uint64_t done, uint64_t total)
{
	buf_printf(out, "%3d %%  ", (int)((double)done / (double)total * 100));
}

static void put_bar(struct buf *out, uint64_t done, uint64_t total, unsigned cells)
{
	unsigned full = (unsigned)((double)done / (double)total * cells);

	buf_putc(out, '[');
	for (unsigned i = 0; i < cells; i++)
		buf_putc(out, i < full ? '#' : ' ');
	buf_puts(out, "] ");
	put_percent(out, done, total);
}

static void put_bytes(struct buf *out, const struct progress_state *state)
{
	const double mebibyte = 1024 * 1024;

	buf_printf(out, ", %.1f", (double)state->done / mebibyte);
	if (state->total > 0)
		buf_printf(out, " of %.1f", (double)state->total / mebibyte);
	buf_puts(out, " MiB");
}

void progress_line(struct buf *out, const struct progress_state *state, unsigned width)
{
	uint64_t done = state->done < state->total ? state->done : state->total;
	struct buf tail = BUF_INIT;
	size_t taken;
	struct str line;

	buf_printf(&tail, "%llu %s", (unsigned long long)state->count, state->things);
	if (state->rejected > 0)
		buf_printf(&tail, ", %llu rejected", (unsigned long long)state->rejected);
	if (state->in_bytes)
		put_bytes(&tail, state);
	if (state->seconds >= 1)
		buf_printf(&tail, ", %.0f per second", (double)state->count / state->seconds);
	buf_printf(out, "%s ", state->label);
	/* "[] 100 %  " beside the cells. */
	taken = text_width(buf_view(out)) + tail.len + 10;
	if (state->total > 0 && width == 0) {
		put_percent(out, done, state->total);
	} else if (state->total > 0 && taken + BAR_MIN < width) {
		size_t cells = width - 1 - taken;

		put_bar(out, done, state->total, cells < BAR_MAX ? (unsigned)cells : BAR_MAX);
	}
	buf_str(out, buf_view(&tail));
	buf_release(&tail);
	if (width == 0)
		return;
	/* A line that wraps could not be taken away again. */
	line = text_head(buf_view(out), width - 1);
	if (!out->failed && line.len < out->len) {
		out->len = line.len;
		out->data[line.len] = '\0';
	}
}

static unsigned width_of_stderr(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		return size.ws_col;
	return 80;
}

static void draw(struct progress *progress, int64_t now)
{
	struct buf line = BUF_INIT;
	struct progress_state state = {
		.label = progress->label,
		.done = progress->done,
		.total = progress->total,
		.count = progress->count,
		.things = progress->things,
		.seconds = (double)(now - progress->begun_us) / US_PER_S,
		.rejected = progress->rejected,
		.in_bytes = progress->in_bytes,
	};

	if (!progress->as_log)
		buf_putc(&line, '\r');
	progress_line(&line, &state, progress->as_log ? 0 : width_of_stderr());
	buf_puts(&line, progress->as_log ? "\n" : "\033[K");
	if (!line.failed)
		fwrite(line.data, 1, line.len, stderr);
	fflush(stderr);
	buf_release(&line);
	progress->drawn_us = now;
	progress->shown = !progress->as_log;
}

void progress_update(struct progress *progress, uint64_t done, uint64_t count, const char *things)
{
	int64_t now;

	if (!progress->wanted)
		return;
	progress->done = done;
	progress->count = count;
	progress->things = things;
	now = now_us();
	if (now - progress->drawn_us >= (progress->as_log ? LOGGED_AGAIN_US : AGAIN_US))
		draw(progress, now);
}

void progress_hide_all(void)
{
	if (!active || !active->shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	active->shown = false;
}

void progress_end(struct progress *progress)
{
	if (active != progress)
		return;
	if (progress->as_log && progress->things)
		draw(progress, now_us());
	progress_hide_all();
	active = NULL;
}
