/*
 * The one connection that listens. What is sent is answered later, in between the texts that
 * arrive, so that a slow server keeps nobody.
 */
#include "store/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/conn.h"

struct channel {
	char *url;
	unsigned connect_timeout_s;
	PGconn *pg;
	bool telling; /* the answer is still to come */
};

struct channel *channel_new(const char *url, unsigned connect_timeout_s)
{
	struct channel *channel = calloc(1, sizeof *channel);

	if (!channel)
		return NULL;
	channel->connect_timeout_s = connect_timeout_s;
	channel->url = strdup(url);
	if (channel->url)
		return channel;
	free(channel);
	return NULL;
}

static void shut(struct channel *channel)
{
	PQfinish(channel->pg);
	channel->pg = NULL;
	channel->telling = false;
}

void channel_free(struct channel *channel)
{
	if (!channel)
		return;
	shut(channel);
	free(channel->url);
	free(channel);
}

bool channel_is_open(const struct channel *channel)
{
	return channel->pg != NULL;
}

int channel_socket(const struct channel *channel)
{
	return channel->pg ? PQsocket(channel->pg) : -1;
}

/* Notices would go to standard error, which is the log's. */
static void ignore_notice(void *self, const char *message)
{
	(void)self;
	(void)message;
}

static bool listen_now(PGconn *pg)
{
	PGresult *result;
	bool listens;

	if (PQstatus(pg) != CONNECTION_OK)
		return false;
	PQsetNoticeProcessor(pg, ignore_notice, NULL);
	result = PQexec(pg, statement_infos[STMT_NEWS_LISTEN].sql);
	listens = PQresultStatus(result) == PGRES_COMMAND_OK;
	PQclear(result);
	return listens;
}

enum error channel_open(struct channel *channel, char *why, size_t why_size)
{
	if (channel->pg)
		return ERR_OK;
	channel->pg = conn_connect(channel->url, channel->connect_timeout_s, "winnowd news");
	if (channel->pg && listen_now(channel->pg))
		return ERR_OK;
	snprintf(why, why_size, "%s", channel->pg ? PQerrorMessage(channel->pg) : "out of memory");
	shut(channel);
	return ERR_DATABASE_AWAY;
}

bool channel_tell(struct channel *channel, const char *text)
{
	if (!channel->pg || channel->telling)
		return false;
	channel->telling = PQsendQueryParams(channel->pg, statement_infos[STMT_NEWS_TELL].sql, 1,
				   NULL, &text, NULL, NULL, 0) == 1;
	return channel->telling;
}

/* The answer to what was told, as far as it is there. */
static void take_answer(struct channel *channel)
{
	while (channel->telling && !PQisBusy(channel->pg)) {
		PGresult *result = PQgetResult(channel->pg);

		channel->telling = result != NULL;
		PQclear(result);
	}
}

enum error channel_take(
	struct channel *channel, void (*heard)(void *self, const char *text), void *self)
{
	PGnotify *notify;
	bool good;

	if (!channel->pg)
		return ERR_DATABASE_AWAY;
	good = PQconsumeInput(channel->pg) == 1;
	take_answer(channel);
	while ((notify = PQnotifies(channel->pg))) {
		if (notify->be_pid != PQbackendPID(channel->pg))
			heard(self, notify->extra);
		PQfreemem(notify);
	}
	if (good && PQstatus(channel->pg) == CONNECTION_OK)
		return ERR_OK;
	shut(channel);
	return ERR_DATABASE_AWAY;
}
