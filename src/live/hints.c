/*
 * One thread around the channel: it sleeps until there is something to tell or to hear, and
 * connects again, with a pause, when the connection is lost.
 */
#include "live/hints.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "store/channel.h"

enum {
	PAUSE_MS = 1000, /* between attempts to connect */
	TEXT_SIZE = UUID_TEXT_SIZE + 24,
};

/* What is still to be told. */
struct pending {
	bool any;
	bool several; /* workspaces: none is named */
	struct uuid workspace;
	int64_t revision;
};

struct hints {
	struct hints_config config;
	struct channel *channel;
	pthread_t thread;
	pthread_mutex_t mutex;
	int wake; /* eventfd: there is something pending, or an end to be made */
	struct pending pending;
	bool stopping;
	int64_t try_again_us; /* monotonic; the thread's, like what follows */
	bool away;            /* it has been said */
};

static void wake_up(struct hints *hints)
{
	/* It fails only where the counter is full, and then the thread is awake. */
	if (eventfd_write(hints->wake, 1) != 0)
		return;
}

void hints_tell(struct hints *hints, const struct uuid *workspace, int64_t revision)
{
	struct pending *pending = &hints->pending;
	bool first;

	pthread_mutex_lock(&hints->mutex);
	first = !pending->any;
	if (first)
		*pending = (struct pending){true, false, *workspace, revision};
	else if (uuid_cmp(&pending->workspace, workspace) != 0)
		pending->several = true;
	else if (revision > pending->revision)
		pending->revision = revision;
	pthread_mutex_unlock(&hints->mutex);
	if (first)
		wake_up(hints);
}

/* ---- the thread ---- */

static bool is_stopping(struct hints *hints)
{
	bool stopping;

	pthread_mutex_lock(&hints->mutex);
	stopping = hints->stopping;
	pthread_mutex_unlock(&hints->mutex);
	return stopping;
}

static void say_away(struct hints *hints, const char *why)
{
	if (!hints->away)
		log_write(LOG_WARN, "hints_away",
			"No news by NOTIFY; other daemons' changes are found by polling",
			LOG_S("reason", why), NULL);
	hints->away = true;
}

/* Connected, or not to be tried now. What was told meanwhile was not heard. */
static void connect_when_due(struct hints *hints)
{
	int64_t now_us = clock_monotonic_us(hints->config.clock);
	char why[256];

	if (channel_is_open(hints->channel) || now_us < hints->try_again_us)
		return;
	if (channel_open(hints->channel, why, sizeof why)) {
		hints->try_again_us =
			clock_monotonic_us(hints->config.clock) + PAUSE_MS * US_PER_MS;
		say_away(hints, why);
		return;
	}
	log_write(LOG_INFO, "hints_listening", "News by NOTIFY are told and heard", NULL);
	hints->away = false;
	hints->config.heard(hints->config.self, NULL, 0);
}

static void format(const struct pending *pending, char text[TEXT_SIZE])
{
	char id[UUID_TEXT_SIZE];

	text[0] = '\0';
	if (!pending->several)
		snprintf(text, TEXT_SIZE, "%s %lld", uuid_to_text(&pending->workspace, id),
			(long long)pending->revision);
}

/* Others tell "<workspace> <revision>"; whatever else it is may be any workspace. */
static void hear(void *self, const char *text)
{
	const struct hints *hints = self;
	struct str all = str_from(text);
	struct uuid workspace;
	bool named = all.len > UUID_TEXT_SIZE &&
		     uuid_from_text((struct str){text, UUID_TEXT_SIZE - 1}, &workspace);

	metric_add(METRIC_hints_heard, 1);
	hints->config.heard(hints->config.self, named ? &workspace : NULL,
		named ? strtoll(text + UUID_TEXT_SIZE, NULL, 10) : 0);
}

static void tell_pending(struct hints *hints)
{
	char text[TEXT_SIZE];

	pthread_mutex_lock(&hints->mutex);
	if (hints->pending.any) {
		format(&hints->pending, text);
		if (channel_tell(hints->channel, text)) {
			hints->pending.any = false;
			metric_add(METRIC_hints_told, 1);
		}
	}
	pthread_mutex_unlock(&hints->mutex);
}

static void await(struct hints *hints)
{
	struct pollfd ready[2] = {{.fd = hints->wake, .events = POLLIN},
		{.fd = channel_socket(hints->channel), .events = POLLIN}};
	eventfd_t count;

	if (poll(ready, 2, channel_is_open(hints->channel) ? -1 : PAUSE_MS) <= 0)
		return;
	if (ready[0].revents)
		eventfd_read(hints->wake, &count);
	if (ready[1].revents && channel_take(hints->channel, hear, hints))
		say_away(hints, "the connection is lost");
}

static void *run(void *self)
{
	struct hints *hints = self;

	while (!is_stopping(hints)) {
		connect_when_due(hints);
		tell_pending(hints);
		await(hints);
	}
	return NULL;
}

/* ---- */

static void release(struct hints *hints)
{
	if (hints->wake >= 0)
		close(hints->wake);
	channel_free(hints->channel);
	pthread_mutex_destroy(&hints->mutex);
	free(hints);
}

struct hints *hints_start(const struct hints_config *config)
{
	struct hints *hints = calloc(1, sizeof *hints);

	if (!hints)
		return NULL;
	if (pthread_mutex_init(&hints->mutex, NULL) != 0) {
		free(hints);
		return NULL;
	}
	hints->config = *config;
	hints->channel = channel_new(config->url, config->connect_timeout_s);
	hints->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hints->channel && hints->wake >= 0 &&
		pthread_create(&hints->thread, NULL, run, hints) == 0)
		return hints;
	release(hints);
	return NULL;
}

void hints_stop(struct hints *hints)
{
	if (!hints)
		return;
	pthread_mutex_lock(&hints->mutex);
	hints->stopping = true;
	pthread_mutex_unlock(&hints->mutex);
	wake_up(hints);
	pthread_join(hints->thread, NULL);
	release(hints);
}
