/*
 * Asking a replica, and doing without it. What it has is known from its own rows, read in the snapshot
 * that answers: the workspace's head, and the hash of a record that the primary has shown. After a
 * failure it is left alone for a while that doubles; then one read at a time finds out.
 */
#include "store/replica.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "store/cells.h"
#include "store/head_row.h"
#include "store/history_read.h"
#include "store/migrate.h"
#include "store/pool.h"

enum { REST_MIN_US = 250 * US_PER_MS, REST_MAX_US = 10 * US_PER_S };

struct replica {
	struct store *pool;
	struct known *known;
	const struct clock *clock;
	int64_t wait_us;
	pthread_mutex_t mutex;
	int64_t rest_us; /* how long it is left alone since it failed; 0: it is well */
	int64_t try_again_us;
	const char *why; /* it is not used, as the log has it; NULL: it is */
};

struct replica *replica_new(const struct store_config *config, const struct clock *clock)
{
	struct replica *replica = calloc(1, sizeof *replica);
	struct store_config own = *config;

	if (!replica)
		return NULL;
	own.url = config->replica_url;
	own.replica_url = NULL;
	own.connections = config->replica_connections;
	own.acquire_timeout_ms = 0; /* the primary is free */
	own.standby = true;
	pthread_mutex_init(&replica->mutex, NULL);
	replica->clock = clock;
	replica->wait_us = (int64_t)config->replica_wait_ms * US_PER_MS;
	replica->known = known_new();
	replica->pool = store_new(&own, clock);
	if (replica->known && replica->pool)
		return replica;
	replica_free(replica);
	return NULL;
}

void replica_free(struct replica *replica)
{
	if (!replica)
		return;
	store_free(replica->pool);
	known_free(replica->known);
	pthread_mutex_destroy(&replica->mutex);
	free(replica);
}

void replica_note(struct replica *replica, const struct uuid *workspace, int64_t revision,
	const struct sha256 *hash)
{
	known_note(replica->known, workspace, revision, hash);
}

/* ---- how it is ---- */

/* One that has failed is tried by one read at a time, after its rest. */
static bool may_ask(struct replica *replica)
{
	int64_t now_us = clock_monotonic_us(replica->clock);
	bool may;

	pthread_mutex_lock(&replica->mutex);
	may = replica->rest_us == 0 || now_us >= replica->try_again_us;
	if (may)
		replica->try_again_us = now_us + replica->wait_us + replica->rest_us;
	pthread_mutex_unlock(&replica->mutex);
	return may;
}

static void set_aside(struct replica *replica, const char *why)
{
	int64_t now_us = clock_monotonic_us(replica->clock);
	bool new;

	pthread_mutex_lock(&replica->mutex);
	replica->rest_us = replica->rest_us > 0 ? replica->rest_us * 2 : REST_MIN_US;
	if (replica->rest_us > REST_MAX_US)
		replica->rest_us = REST_MAX_US;
	replica->try_again_us = now_us + replica->rest_us;
	new = replica->why != why;
	replica->why = why;
	pthread_mutex_unlock(&replica->mutex);
	metric_add(METRIC_replica_failures, 1);
	metric_set(METRIC_replica_used, 0);
	if (new)
		log_write(LOG_WARN, "replica_away", "The replica is not used; the primary answers",
			LOG_S("reason", why), NULL);
}

static void take_back(struct replica *replica)
{
	bool was_away;

	pthread_mutex_lock(&replica->mutex);
	was_away = replica->why != NULL;
	replica->rest_us = 0;
	replica->why = NULL;
	pthread_mutex_unlock(&replica->mutex);
	metric_set(METRIC_replica_used, 1);
	if (was_away)
		log_write(LOG_INFO, "replica_back", "The replica is used again", NULL);
}

/* ---- what it has ---- */

struct standing {
	bool standby;
	int32_t schema;
	bool has_proof;
	struct sha256 proof; /* the hash that it has of the record asked for */
};

/* ERR_NOT_FOUND: it does not know the workspace. */
static enum error read_standing(
	struct history_read *read, int64_t proof_revision, struct standing *out)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_uuid(&params, &read->workspace);
	params_int8(&params, proof_revision);
	err = conn_run(read->conn, STMT_REPLICA_HEAD, &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	if (PQntuples(result) > 0) {
		head_cells(&cells, &read->head);
		out->standby = cell_bool(&cells);
		out->schema = cell_int4(&cells);
		out->has_proof = cell_sha256(&cells, &out->proof);
	}
	err = PQntuples(result) > 0 ? cells_error(&cells) : ERR_NOT_FOUND;
	PQclear(result);
	return err;
}

/* Why it is of no use for any read; NULL: it is. */
static const char *fault_of(const struct history_read *read, const struct standing *standing,
	const struct known_revision *known)
{
	bool comparable = known->proof_revision > 0 && read->head.revision >= known->proof_revision;

	if (!standing->standby)
		return "it is no standby, so it may have gone its own way";
	if (standing->schema != (int32_t)embedded_migration_count)
		return "its schema is not the one of this binary";
	if (comparable && !(standing->has_proof && sha256_same(&standing->proof, &known->proof)))
		return "its history is not the primary's";
	return NULL;
}

/* Once for each connection: its role must be one that row level security binds. */
static enum error check_fit(struct conn *conn)
{
	char why[512];
	enum error err = conn->fit ? ERR_OK : conn_check(conn, why, sizeof why);

	conn->fit = !err && !conn_lost(conn);
	if (err == ERR_FORBIDDEN || err == ERR_CONFLICT)
		log_write(LOG_WARN, "replica_unfit", "The replica cannot be read from",
			LOG_S("reason", why), NULL);
	return err;
}

/* A snapshot of the replica. ERR_NOT_FOUND: it is not that far. */
static enum error open_snapshot(struct history_read *read, int64_t needed,
	const struct known_revision *known, const char **fault)
{
	struct standing standing = {0};
	enum error err = check_fit(read->conn);

	if (!err)
		err = read_begin(read->conn, &read->workspace);
	if (!err)
		err = read_standing(read, known->proof_revision, &standing);
	if (err)
		return err;
	*fault = fault_of(read, &standing, known);
	/* Connected anew on the way: the role has not been looked at. */
	if (!*fault && !read->conn->fit)
		return ERR_DATABASE_AWAY;
	return *fault || read->head.revision >= needed ? ERR_OK : ERR_NOT_FOUND;
}

static void end_snapshot(struct history_read *read)
{
	struct conn *conn = read->conn;

	read->conn = NULL;
	read_end(conn);
	store_release(conn->store, conn);
}

static bool begin_at_replica(struct history_read *read, struct replica *replica)
{
	struct known_revision known = known_of(replica->known, &read->workspace);
	int64_t needed = read->needed > 0 ? read->needed : known.revision;
	const char *fault = NULL;
	enum error err;

	if (needed == 0 || !may_ask(replica))
		return false;
	err = store_acquire(replica->pool, &read->conn);
	if (err == ERR_BUSY) {
		metric_add(METRIC_replica_busy, 1);
		return false;
	}
	if (err) {
		set_aside(replica, "it cannot be reached");
		return false;
	}
	err = open_snapshot(read, needed, &known, &fault);
	if (!err && !fault) {
		known_note(replica->known, &read->workspace, read->head.revision, NULL);
		return true;
	}
	end_snapshot(read);
	if (err != ERR_NOT_FOUND) {
		set_aside(replica, fault ? fault : "it failed");
		return false;
	}
	/* Behind, but there. */
	take_back(replica);
	metric_add(METRIC_replica_behind, 1);
	return false;
}

/* ---- reading ---- */

enum error history_begin(struct history_read *read)
{
	struct replica *replica = store_replica(read->store);
	enum error err;

	read->conn = NULL;
	read->at_replica = replica && !read->not_replica && begin_at_replica(read, replica);
	if (read->at_replica)
		return ERR_OK;
	err = store_acquire(read->store, &read->conn);
	if (err)
		return err;
	err = read_begin(read->conn, &read->workspace);
	if (!err)
		err = head_read(read->conn, &read->workspace, &read->head);
	if (err)
		end_snapshot(read);
	return err;
}

/* Whose end says nothing of what was asked for. */
static bool is_failure(enum error err)
{
	switch (err) {
	case ERR_DATABASE_AWAY:
	case ERR_DATABASE:
	case ERR_CONTENTION:
	case ERR_BUSY:
	case ERR_INTERNAL: return true;
	default: return false;
	}
}

bool history_again(struct history_read *read, enum error error)
{
	struct replica *replica = store_replica(read->store);

	if (!read->conn)
		return false;
	end_snapshot(read);
	if (!read->at_replica) {
		metric_add(METRIC_history_reads_primary, replica != NULL);
		return false;
	}
	if (is_failure(error)) {
		set_aside(replica, "it failed");
		read->not_replica = true;
	} else if (error == ERR_NOT_FOUND || error == ERR_BEYOND_HEAD) {
		/* Whoever asks may know of it from another daemon. */
		take_back(replica);
		metric_add(METRIC_replica_behind, 1);
		read->not_replica = true;
	} else {
		take_back(replica);
		metric_add(METRIC_history_reads_replica, 1);
	}
	return read->not_replica;
}
