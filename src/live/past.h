/*
 * Rankings of the past, and by other versions than the active ones: loaded from PostgreSQL when they
 * are asked for. The last few are kept for a while, with the pictures that they were made of.
 * Thread-safe. Private to this folder.
 */
#ifndef WINNOW_LIVE_PAST_H
#define WINNOW_LIVE_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/uuid.h"
#include "live/ranking.h"

struct past;
struct store;
struct room; /* live/picture.h */

/* keep_ms: how long one stays that nobody asks for. room: asked while something is loaded, on the
 * loader's thread; what it answers ends the load. NULL when memory is out. */
struct past *past_new(
	struct store *store, const struct clock *clock, unsigned keep_ms, const struct room *room);
void past_free(struct past *past); /* NULL is fine */

/* A reference. Loads one at a time, and one more waits for it: any other gets ERR_BUSY at once, as does
 * who waits too long. With request->anew the rows are read again, whatever is kept of the revision. */
enum error past_ranking(struct past *past, const struct uuid *workspace, int64_t revision,
	const struct ranking_request *request, struct ranking **out);
/* The workspace is gone. */
void past_forget(struct past *past, const struct uuid *workspace);
/* Lets go what nobody asked for in time; true when there was something. */
bool past_sweep(struct past *past);
/* What is kept, and what is being loaded. */
size_t past_bytes(struct past *past);
/* Lets go what was asked for least recently, if that was before (monotonic); false: nothing was. */
bool past_drop_oldest(struct past *past, int64_t before_us);

#endif
