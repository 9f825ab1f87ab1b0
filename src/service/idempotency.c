/*
 * The key is held by an advisory lock rather than by its row, which does not exist while the first
 * request is under way: whoever comes meanwhile is told so at once instead of waiting.
 */
#include "service/idempotency.h"

#include "base/metrics.h"
#include "service/kept.h"
#include "store/aggregates.h"

enum { SWEEP_ROWS = 1000 };

static enum error replay(struct write *write, const struct kept_answer *answer, void *arg)
{
	struct kept kept = {.left = answer->answer};
	enum error error;

	write->call->key->extra = kept_str(&kept);
	write->change.revision = answer->revision;
	write->change.at_us = answer->made_us;
	write->written = (struct written){
		.revision = answer->revision,
		.hash = answer->hash,
		.changed = answer->changed,
		.replayed = true,
	};
	error = write->recall(write, &kept, arg);
	return error ? error : kept_end(&kept);
}

enum error idempotency_meet(struct write *write, const struct uuid *workspace, void *arg)
{
	const struct call *call = write->call;
	struct kept_answer answer;
	bool locked;
	enum error error;

	if (!call->key)
		return ERR_OK;
	/* A write that cannot be recalled must not be reached by a request with a key. */
	if (!write->recall)
		return ERR_INTERNAL;
	error = kept_answer_lock(write->tx, &call->key->key, &locked);
	if (error)
		return error;
	if (!locked)
		return ERR_KEY_IN_FLIGHT;
	error = kept_answer_read(
		tx_conn(write->tx), workspace, &call->key->key, call->arena, &answer);
	if (error)
		return error == ERR_NOT_FOUND ? ERR_OK : error;
	if (answer.expires_us <= clock_now_us(call->service->clock))
		return kept_answer_drop(write->tx, workspace, &call->key->key);
	if (!sha256_same(&answer.request, &call->key->request))
		return ERR_KEY_REUSED;
	return replay(write, &answer, arg);
}

enum error idempotency_keep(struct write *write, const struct uuid *workspace)
{
	const struct call *call = write->call;
	struct kept_answer answer;
	struct buf bytes = BUF_INIT;
	enum error error;

	if (!call->key)
		return ERR_OK;
	answer = (struct kept_answer){
		.key = call->key->key,
		.request = call->key->request,
		.revision = write->written.revision,
		.hash = write->written.hash,
		.changed = write->written.changed,
		.made_us = write->change.at_us,
		.expires_us = write->change.at_us + call->service->key_lifetime_us,
	};
	kept_put_str(&bytes, call->key->extra);
	buf_str(&bytes, buf_view(&write->kept));
	answer.answer = buf_view(&bytes);
	error = bytes.failed || write->kept.failed
			? ERR_NO_MEMORY
			: kept_answer_append(write->tx, workspace, &answer);
	buf_release(&bytes);
	return error;
}

/* ---- sweeping ---- */

/* It changes no workspace, so it takes no head and no revision. */
static enum error sweep_some(struct service *service, int64_t *swept)
{
	struct conn *conn;
	struct tx *tx;
	enum error error = store_acquire(service->store, &conn);

	if (error)
		return error;
	error = tx_begin(conn, &system_workspace, &tx);
	if (!error)
		error = kept_answers_sweep(tx, clock_now_us(service->clock), SWEEP_ROWS, swept);
	if (error)
		tx_rollback(tx);
	else
		error = tx_commit(tx);
	store_release(service->store, conn);
	return error;
}

enum error idempotency_sweep(
	struct service *service, bool (*go_on)(const struct service *service), int64_t *swept)
{
	int64_t some = SWEEP_ROWS;
	enum error error = ERR_OK;

	*swept = 0;
	while (!error && some == SWEEP_ROWS && go_on(service)) {
		error = sweep_some(service, &some);
		if (!error)
			*swept += some;
	}
	metric_add(METRIC_idempotency_keys_swept, *swept);
	/* Whether the last batch was deleted shows at the next turn. */
	return error == ERR_COMMIT_UNKNOWN ? ERR_OK : error;
}
