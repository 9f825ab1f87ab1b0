/*
 * The pool: a stack of connections behind a mutex. The one used last is given out first, so a
 * quiet daemon keeps few of them warm.
 */
#include "store/store.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
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
	bool down; /* the last attempt to connect failed, and no session has done its work since */
	bool trying; /* while down: somebody is at it */
	int64_t try_again_us;
	int64_t good_us;         /* when a session last did its work, or was opened */
	bool answers;            /* the session that was given back last still stood */
	struct replica *replica; /* NULL: none */
	struct conn conns[];
};

struct store *store_new(const struct store_config *config, const struct clock *clock)
{
	struct store *store;
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
	cond_init(&store->released);
	for (unsigned i = count; i-- > 0;) {
		store->conns[i].store = store;
		store->conns[i].next = store->free_conns;
		store->free_conns = &store->conns[i];
	}
	return store;
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

/* With the lock. */
static void give_back(struct store *store, struct conn *conn)
{
	conn->next = store->free_conns;
	store->free_conns = conn;
	pthread_cond_signal(&store->released);
}

enum error store_acquire(struct store *store, struct conn **out)
{
	struct timespec deadline =
		cond_deadline((int64_t)store->config.acquire_timeout_ms * US_PER_MS);
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
		pthread_mutex_lock(&store->lock);
		give_back(store, conn);
		pthread_mutex_unlock(&store->lock);
		return err;
	}
	*out = conn;
	return ERR_OK;
}

/* Of the database itself; how a replica is doing is told by replica.c. */
static void set_up(const struct store *store, bool up)
{
	if (!store->config.standby)
		metric_set(METRIC_database_up, up);
}

/* With the lock. Returns whether that is news. */
static bool note_good(struct store *store)
{
	bool was_down = store->down;

	if (was_down || !store->answers)
		set_up(store, true);
	store->good_us = clock_monotonic_us(store->clock);
	store->answers = true;
	store->down = false;
	return was_down;
}

/* With the lock. Who began to wait before the database came back, and gives up after, says nothing of now. */
static bool note_failed(struct store *store, int64_t began_us)
{
	bool was_down = store->down;

	if (began_us >= store->good_us) {
		store->answers = false;
		store->down = true;
	}
	if (store->down && !was_down)
		set_up(store, false);
	return store->down && !was_down;
}

/* Why a replica is not used is said once, see replica.c; here is the detail. */
static void tell_away(const struct store *store, const char *why)
{
	if (store->config.standby) {
		log_write(LOG_INFO, "replica_unreachable", "The replica cannot be reached",
			LOG_S("reason", why), NULL);
		return;
	}
	log_write(LOG_WARN, "database_away", "The database cannot be reached", LOG_S("reason", why),
		NULL);
}

static void tell_back(const struct store *store)
{
	if (!store->config.standby)
		log_write(LOG_INFO, "database_back", "The database answers again", NULL);
}

void store_release(struct store *store, struct conn *conn)
{
	bool lost, is_back = false;

	if (!conn)
		return;
	assert(conn->store == store);
	if (conn->state != CONN_IDLE)
		conn_end(conn, STMT_ROLLBACK);
	lost = conn_lost(conn);
	if (conn->renew || lost)
		conn_close(conn);
	pthread_mutex_lock(&store->lock);
	if (lost)
		store->answers = false;
	else
		is_back = note_good(store);
	give_back(store, conn);
	pthread_mutex_unlock(&store->lock);
	if (is_back)
		tell_back(store);
}

bool store_answers(struct store *store)
{
	bool answers;

	pthread_mutex_lock(&store->lock);
	answers = store->answers;
	pthread_mutex_unlock(&store->lock);
	return answers;
}

bool store_may_try(struct store *store, int64_t *began_us)
{
	bool may;

	*began_us = clock_monotonic_us(store->clock);
	pthread_mutex_lock(&store->lock);
	may = !store->down || (!store->trying && *began_us >= store->try_again_us);
	if (may)
		store->trying = true;
	pthread_mutex_unlock(&store->lock);
	return may;
}

void store_tried(struct store *store, int64_t began_us, bool good, const char *why)
{
	bool news;

	pthread_mutex_lock(&store->lock);
	store->trying = false;
	store->try_again_us = clock_monotonic_us(store->clock) + PAUSE_US;
	news = good ? note_good(store) : note_failed(store, began_us);
	pthread_mutex_unlock(&store->lock);

	metric_add(good ? METRIC_db_connections_opened : METRIC_db_connection_failures, 1);
	if (news && good)
		tell_back(store);
	if (news && !good)
		tell_away(store, why);
}
