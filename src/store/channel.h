/*
 * News between the daemons of one database, by LISTEN and NOTIFY, over a connection of its own that
 * must not lead through a pooler. Nothing depends on a text arriving: one may be lost whenever a
 * connection is. Telling is a transaction of its own after the one that it tells of, since
 * PostgreSQL lets the transactions that notify commit one at a time only. For one thread.
 */
#ifndef WINNOW_STORE_CHANNEL_H
#define WINNOW_STORE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct channel;

/* Does not connect. NULL when memory is out. */
struct channel *channel_new(const char *url, unsigned connect_timeout_s);
void channel_free(struct channel *channel);
/* Connects and listens; may take the time-out. ERR_DATABASE_AWAY, with the reason in `why`. */
enum error channel_open(struct channel *channel, char *why, size_t why_size);
bool channel_is_open(const struct channel *channel);
/* To be polled for input; -1: not open. */
int channel_socket(const struct channel *channel);
/* Sends a text (at most 8000 bytes) to all others who listen, without waiting. False: the one before
 * is still under way, or the channel is not open. */
bool channel_tell(struct channel *channel, const char *text);
/* After input: calls `heard` for each text that somebody else has told. ERR_DATABASE_AWAY: the
 * connection is lost, and the channel closed. */
enum error channel_take(
	struct channel *channel, void (*heard)(void *self, const char *text), void *self);

#endif
