/*
 * Bodies that are made while they are sent: what the library asks for comes from a feed, and one that
 * has nothing to give is suspended until there are news or a worker has been asked.
 */
#include <sys/socket.h>

#include "base/metrics.h"
#include "base/workq.h"
#include "http/feed.h"
#include "http/server/parts.h"
#include "live/live.h"
#include "service/service.h"

enum {
	FEED_SOCKET_BYTES = 64 * 1024,
	FEED_BLOCK_BYTES = 4096,
	FEED_RETRY_US = 100 * US_PER_MS, /* when no worker is free */
};

static struct connection *of_news_waiter(struct news_waiter *waiter)
{
	return (struct connection *)((char *)waiter - offsetof(struct connection, news_waiter));
}

static void wake_feed(struct news_waiter *waiter)
{
	handover_resume_in_turn(of_news_waiter(waiter));
}

static bool look_at_feed(struct news_waiter *waiter)
{
	struct feed *feed = of_news_waiter(waiter)->waiting_feed;

	return feed->look(feed);
}

static void wait_with_feed(struct connection *connection, struct feed *feed, bool for_news)
{
	struct news_waiter *waiter = &connection->news_waiter;

	waiter->reader = for_news ? feed->reader : NULL;
	waiter->until_us = feed->wake_us;
	waiter->wake = wake_feed;
	waiter->look = look_at_feed;
	connection->waiting_feed = feed;
	news_wait(live_news(connection->server->service->live), waiter);
}

static void work_feed(void *arg, unsigned worker)
{
	struct feed *feed = arg;

	(void)worker;
	feed->work(feed);
	handover_resume_in_turn(feed->connection);
}

static void feed_from_worker(struct connection *connection, struct feed *feed)
{
	if (workq_push(connection->server->workers, work_feed, feed))
		return;
	metric_add(METRIC_http_queue_full, 1);
	feed->wake_us = server_now_us(connection->server) + FEED_RETRY_US;
	wait_with_feed(connection, feed, false);
}

/*
 * Closes the connection behind what was sent, which is the end by an error, and for HTTP/1.0 the only
 * one. Where the library itself closes one in a reader, it leaves it in none of its lists, so it would
 * never be let go. A byte that cannot be sent any more makes it close in the usual way.
 */
static ssize_t break_off(struct connection *connection, char *out)
{
	shutdown(connection->watch.fd, SHUT_RDWR);
	out[0] = '\n';
	return 1;
}

static ssize_t end_feed(struct connection *connection, char *out)
{
	return connection->chunks ? MHD_CONTENT_READER_END_OF_STREAM : break_off(connection, out);
}

/* The library asks for bytes; it has suspended nothing yet, and 0 without that would spin. */
static ssize_t on_feed(void *cls, uint64_t position, char *out, size_t room)
{
	struct feed *feed = cls;
	struct connection *connection = feed->connection;
	struct server *server = connection->server;
	enum feed_state state;
	size_t got = 0;

	(void)position;
	connection->loop->calls++;
	/* While it sends, the library does not look whether anybody is there. */
	if (__atomic_load_n(&connection->gone, __ATOMIC_ACQUIRE))
		return break_off(connection, out);
	state = feed->take(feed, out, room, &got);
	/* What is left at the end has as much time, and then the connection is idle from now on. */
	watch_set(&connection->watch, PHASE_FEEDING,
		server_after_ms(server, server->config.body_timeout_ms));
	connection->large_answer = true;
	if (state == FEED_BYTES)
		return (ssize_t)got;
	if (state == FEED_FAIL)
		return break_off(connection, out);
	if (state == FEED_END || !handover_suspend(connection))
		return end_feed(connection, out);
	watch_set(&connection->watch, PHASE_WAITING, DEADLINE_NONE);
	if (state == FEED_WORK)
		feed_from_worker(connection, feed);
	else
		wait_with_feed(connection, feed, state == FEED_WAIT);
	return 0;
}

static void free_feed(void *cls)
{
	struct feed *feed = cls;

	feed->free(feed);
}

struct MHD_Response *feeding_reply(struct response *response)
{
	struct MHD_Response *reply = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, FEED_BLOCK_BYTES, on_feed, response->feed, free_feed);

	if (reply)
		response->feed = NULL;
	return reply;
}

/* What a slow reader has not taken is to be in our buffers, where it is bounded. */
void feeding_begin(struct connection *connection)
{
	int bytes = FEED_SOCKET_BYTES;

	connection->exchange.response.feed->connection = connection;
	setsockopt(connection->watch.fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}
