/*
 * The pool: a stack of connections behind a mutex. The one used last is given out first, so a
 * quiet daemon keeps few of them warm.
 */
#include "store/store.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/metrics.h"
#include "store/conn.h"
#include "store/pool.h"
#include "store/replica.h"

/* After a failed attempt to connect nobody tries again for so long. */
enum { PAUSE_US = 100 * US_PER_MS };

struct store {
	struct store_config config;
	const struct clock *clock;
	pthread_mutex_t lock;
	pthread_cond_t released;
	struct conn *free_conns;
	bool down;   /* the last attempt to connect failed */
	bool trying; /* while down: somebody is at it */
	int64_t try_again_us;
	struct replica *replica; /* NULL: none */
	struct conn conns[];
};

struct store *store_new(const struct store_config *config, const struct clock *clock)
{
	struct store *store;
	pthread_condattr_t attributes;
	unsigned count = config->connections ? config->connections : 1;

	store = calloc(1, sizeof *store + count * sizeof store->conns[0]);
	if (!store)
		return NULL;
	store->config = *config;
	store->config.connections = count;
	store->config.url = strdup(config->url);
	store->config.replica_url = NULL; /* the replica's own */
	store->clock = clock;
	if (!store->config.url)
		goto fail_url;
	if (config->replica_url) {
		store->replica = replica_new(config, clock);
		if (!store->replica)
			goto fail_mutex;
	}
	if (pthread_mutex_init(&store->lock, NULL) != 0)
		goto fail_mutex;
	/* Waiting must not depend on somebody setting the wall clock. */
	if (pthread_condattr_init(&attributes) != 0)
		goto fail_attributes;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (pthread_cond_init(&store->released, &attributes) != 0)
		goto fail_condition;
	pthread_condattr_destroy(&attributes);
	for (unsigned i = count; i-- > 0;) {
		store->conns[i].store = store;
		store->conns[i].next = store->free_conns;
		store->free_conns = &store->conns[i];
	}
	return store;
fail_condition:
	pthread_condattr_destroy(&attributes);
fail_attributes:
	pthread_mutex_destroy(&store->lock);
fail_mutex:
	replica_free(store->replica);
	free((char *)store->config.url);
fail_url:
	free(store);
	return NULL;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	replica_free(store->replica);
	for (unsigned i = 0; i < store->config.connections; i++)
		conn_close(&store->conns[i]);
	pthread_cond_destroy(&store->released);
	pthread_mutex_destroy(&store->lock);
	free((char *)store->config.url);
	free(store);
}

const struct store_config *store_configuration(const struct store *store)
{
	return &store->config;
}

struct replica *store_replica(const struct store *store)
{
	return store->replica;
}

void store_note(struct store *store, const struct uuid *workspace, int64_t revision,
	const struct sha256 *hash)
{
	if (store->replica)
		replica_note(store->replica, workspace, revision, hash);
}

static struct timespec deadline_after_ms(unsigned ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

enum error store_acquire(struct store *store, struct conn **out)
{
	struct timespec deadline = deadline_after_ms(store->config.acquire_timeout_ms);
	struct conn *conn;
	enum error err;
	int waited = 0;

	*out = NULL;
	pthread_mutex_lock(&store->lock);
	while (!store->free_conns && waited == 0)
		waited = pthread_cond_timedwait(&store->released, &store->lock, &deadline);
	conn = store->free_conns;
	if (conn)
		store->free_conns = conn->next;
	pthread_mutex_unlock(&store->lock);
	if (!conn)
		return ERR_BUSY;

	conn->next = NULL;
	err = conn_open(conn);
	if (err) {
		store_release(store, conn);
		return err;
	}
	*out = conn;
	return ERR_OK;
}

void store_release(struct store *store, struct conn *conn)
{
	if (!conn)
		return;
	assert(conn->store == store);
	if (conn->state != CONN_IDLE)
		conn_end(conn, STMT_ROLLBACK);
	if (conn->renew || conn_lost(conn))
		conn_close(conn);
	pthread_mutex_lock(&store->lock);
	conn->next = store->free_conns;
	store->free_conns = conn;
	pthread_cond_signal(&store->released);
	pthread_mutex_unlock(&store->lock);
}

bool store_may_try(struct store *store)
{
	int64_t now_us = clock_monotonic_us(store->clock);
	bool may;

	pthread_mutex_lock(&store->lock);
	may = !store->down || (!store->trying && now_us >= store->try_again_us);
	if (may)
		store->trying = true;
	pthread_mutex_unlock(&store->lock);
	return may;
}

void store_tried(struct store *store, bool good, const char *why)
{
	int64_t now_us = clock_monotonic_us(store->clock);
	bool was_down;

	pthread_mutex_lock(&store->lock);
	was_down = store->down;
	store->down = !good;
	store->trying = false;
	store->try_again_us = now_us + PAUSE_US;
	pthread_mutex_unlock(&store->lock);

	metric_add(good ? METRIC_db_connections_opened : METRIC_db_connection_failures, 1);
	if (store->config.standby) {
		/* Why it is not used is said once, see replica.c; this is the detail. */
		if (!good && !was_down)
			log_write(LOG_INFO, "replica_unreachable", "The replica cannot be reached",
				LOG_S("reason", why), NULL);
		return;
	}
	metric_set(METRIC_database_up, good);
	if (!good && !was_down)
		log_write(LOG_WARN, "database_away", "The database cannot be reached",
			LOG_S("reason", why), NULL);
	if (good && was_down)
		log_write(LOG_INFO, "database_back", "The database answers again", NULL);
}
