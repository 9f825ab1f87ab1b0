/*
 * A body without an end that is made while it is sent, such as a stream of events. It is asked for
 * bytes on the event loop whenever the client can take some. What has none to give waits for news
 * (live/news.h) or asks for a worker; meanwhile the connection is suspended and costs neither
 * thread nor database connection.
 */
#ifndef WINNOW_HTTP_FEED_H
#define WINNOW_HTTP_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct news_reader;

enum feed_state {
	FEED_BYTES, /* some were given */
	FEED_WAIT,  /* none until there are news for `reader`, or until wake_us */
	FEED_PAUSE, /* none until wake_us */
	FEED_WORK,  /* a worker is to be asked first */
	FEED_END,   /* there will be no more */
	FEED_FAIL,  /* the same, and the client is to see that the body is not whole */
};

struct feed {
	/* On the event loop; must not wait. */
	enum feed_state (*take)(struct feed *feed, char *out, size_t room, size_t *got);
	/* On a worker, after FEED_WORK; nothing else is called meanwhile. */
	void (*work)(struct feed *feed);
	/* While it waits, on another thread that may wait for PostgreSQL: true when it is to be asked
	 * again at once. */
	bool (*look)(struct feed *feed);
	/* Once, when the connection is done with it; perhaps before it was asked for anything. */
	void (*free)(struct feed *feed);
	const struct news_reader *reader;
	int64_t wake_us;  /* monotonic */
	void *connection; /* the server's own */
};

#endif
