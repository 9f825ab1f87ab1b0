/*
 * What was answered under an Idempotency-Key. Rows are written beside the change that they belong
 * to, in its transaction, and deleted once they have expired: they are no history.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/pool.h"

/* Any 64 bits of the hash will do: a false meeting of two keys costs a 409. */
static int64_t lock_number(const struct sha256 *key)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | key->bytes[i];
	return (int64_t)number;
}

static void params_sha256(struct params *params, const struct sha256 *hash)
{
	params_bytes(params, hash->bytes, SHA256_BYTES);
}

enum error kept_answer_lock(struct tx *tx, const struct sha256 *key, bool *locked)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_int8(&params, lock_number(key));
	err = conn_run(tx->conn, STMT_IDEMPOTENCY_LOCK, &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	*locked = cell_bool(&cells);
	PQclear(result);
	return cells_error(&cells);
}

static void read_answer(struct cells *cells, struct kept_answer *out)
{
	cells->failed |= !cell_sha256(cells, &out->request);
	out->revision = cell_int8(cells);
	cells->failed |= !cell_sha256(cells, &out->hash);
	out->changed = cell_bool(cells);
	out->made_us = cell_time(cells);
	out->expires_us = cell_time(cells);
	out->answer = cell_text(cells);
}

enum error kept_answer_read(struct conn *conn, const struct uuid *workspace,
	const struct sha256 *key, struct arena *arena, struct kept_answer *out)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_uuid(&params, workspace);
	params_sha256(&params, key);
	err = conn_run(conn, STMT_IDEMPOTENCY_FIND, &params, &result);
	if (err)
		return err;
	if (PQntuples(result) == 0) {
		PQclear(result);
		return ERR_NOT_FOUND;
	}
	*out = (struct kept_answer){.key = *key};
	cells = cells_at(result, 0, arena);
	read_answer(&cells, out);
	PQclear(result);
	err = cells_error(&cells);
	/* Another daemon may have written it. */
	if (!err)
		store_note(conn->store, workspace, out->revision, NULL);
	return err;
}

enum error kept_answer_drop(struct tx *tx, const struct uuid *workspace, const struct sha256 *key)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_sha256(&params, key);
	return conn_queue(tx->conn, STMT_IDEMPOTENCY_DROP, &params);
}

enum error kept_answer_append(
	struct tx *tx, const struct uuid *workspace, const struct kept_answer *kept)
{
	static const char truth[] = {0, 1}; /* booleans as PostgreSQL's binary format has them */
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_sha256(&params, &kept->key);
	params_sha256(&params, &kept->request);
	params_int8(&params, kept->revision);
	params_sha256(&params, &kept->hash);
	params_bytes(&params, &truth[kept->changed], 1);
	params_time(&params, kept->made_us);
	params_time(&params, kept->expires_us);
	params_bytes(&params, kept->answer.ptr, kept->answer.len);
	return conn_queue(tx->conn, STMT_IDEMPOTENCY_APPEND, &params);
}

enum error kept_answers_sweep(struct tx *tx, int64_t now_us, size_t limit, int64_t *swept)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_time(&params, now_us);
	params_int8(&params, (int64_t)limit);
	err = conn_run(tx->conn, STMT_IDEMPOTENCY_SWEEP, &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	*swept = cell_int8(&cells);
	PQclear(result);
	return cells_error(&cells);
}
