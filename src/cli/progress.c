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

enum { FIRST_US = 400 * 1000, AGAIN_US = 100 * 1000, BAR_MAX = 30, BAR_MIN = 8 };

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

static void put_bar(struct buf *out, uint64_t done, uint64_t total, unsigned cells)
{
	unsigned full = (unsigned)((double)done / (double)total * cells);

	buf_putc(out, '[');
	for (unsigned i = 0; i < cells; i++)
		buf_putc(out, i < full ? '#' : ' ');
	buf_printf(out, "] %3d %%  ", (int)((double)done / (double)total * 100));
}

void progress_line(struct buf *out, const struct progress_state *state, unsigned width)
{
	uint64_t done = state->done < state->total ? state->done : state->total;
	struct buf tail = BUF_INIT;
	size_t taken;
	struct str line;

	buf_printf(&tail, "%llu %s", (unsigned long long)state->count, state->things);
	if (state->seconds >= 1)
		buf_printf(&tail, ", %.0f per second", (double)state->count / state->seconds);
	buf_printf(out, "%s ", state->label);
	/* "[] 100 %  " beside the cells. */
	taken = text_width(buf_view(out)) + tail.len + 10;
	if (state->total > 0 && taken + BAR_MIN < width) {
		size_t cells = width - 1 - taken;

		put_bar(out, done, state->total, cells < BAR_MAX ? (unsigned)cells : BAR_MAX);
	}
	buf_str(out, buf_view(&tail));
	buf_release(&tail);
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

void progress_update(struct progress *progress, uint64_t done, uint64_t count, const char *things)
{
	struct buf line = BUF_INIT;
	int64_t now;
	struct progress_state state;

	if (!progress->wanted)
		return;
	now = now_us();
	if (now - progress->drawn_us < AGAIN_US)
		return;
	progress->drawn_us = now;
	state = (struct progress_state){
		.label = progress->label,
		.done = done,
		.total = progress->total,
		.count = count,
		.things = things,
		.seconds = (double)(now - progress->begun_us) / US_PER_S,
	};
	buf_putc(&line, '\r');
	progress_line(&line, &state, width_of_stderr());
	buf_puts(&line, "\033[K");
	if (!line.failed)
		fwrite(line.data, 1, line.len, stderr);
	fflush(stderr);
	buf_release(&line);
	progress->shown = true;
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
	if (active == progress) {
		progress_hide_all();
		active = NULL;
	}
}
