/*
 * Who has a request: its event loop, a worker, or nobody while it waits for a ranking. What is not
 * with its loop is suspended in the library; see parts.h for what that means.
 */
#include "base/gather.h"
#include "base/metrics.h"
#include "base/workq.h"
#include "http/server/parts.h"
#include "service/service.h"

enum {
	WOKEN_A_ROUND = 16, /* of those who waited for news; others get their turn between */
};
_Static_assert((int)JOINT_MAX == (int)GATHER_MAX, "what is gathered is handled at once");

/*
 * Suspends, unless the server has begun to refuse that. The count goes up before the flag is read
 * and the flag is set before the count is read (server_stop), so one of the two sees the other.
 */
bool handover_suspend(struct connection *connection)
{
	struct server *server = connection->server;

	__atomic_add_fetch(&server->suspended, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&server->refusing, __ATOMIC_SEQ_CST)) {
		__atomic_sub_fetch(&server->suspended, 1, __ATOMIC_SEQ_CST);
		return false;
	}
	MHD_suspend_connection(connection->handle);
	return true;
}

/* ---- back to the loop ---- */

/* Gives the request back to its loop; nothing of it may be touched afterwards. */
static void resume(struct connection *connection)
{
	struct server *server = connection->server;
	struct loop *loop = connection->loop;
	enum step step = connection->exchange.step;

	/* The client's turn, and perhaps no byte will wake the loop. */
	if (step == STEP_BODY || step == STEP_DISCARD)
		connection_arm_body(connection, connection->exchange.stream);
	MHD_resume_connection(connection->handle);
	loop_poke(loop);
	__atomic_sub_fetch(&server->suspended, 1, __ATOMIC_SEQ_CST);
}

/* The same, but many at once do not keep the loop from its other requests. */
void handover_resume_in_turn(struct connection *connection)
{
	struct loop *loop = connection->loop;

	connection->next_woken = NULL;
	pthread_mutex_lock(&loop->woken_mutex);
	if (loop->woken_last)
		loop->woken_last->next_woken = connection;
	else
		loop->woken_first = connection;
	loop->woken_last = connection;
	pthread_mutex_unlock(&loop->woken_mutex);
	loop_poke(loop);
}

/* On the loop's own thread; true when there are more. */
bool handover_resume_some(struct loop *loop)
{
	struct connection *connection;

	for (unsigned i = 0; i < WOKEN_A_ROUND; i++) {
		pthread_mutex_lock(&loop->woken_mutex);
		connection = loop->woken_first;
		if (connection)
			loop->woken_first = connection->next_woken;
		if (!loop->woken_first)
			loop->woken_last = NULL;
		pthread_mutex_unlock(&loop->woken_mutex);
		if (!connection)
			return false;
		resume(connection);
	}
	return true;
}

/* ---- waiting ---- */

static void wake(struct live_waiter *waiter)
{
	struct connection *connection =
		(struct connection *)((char *)waiter - offsetof(struct connection, waiter));

	if (connection->exchange.request.park_other_than)
		connection->exchange.started_us +=
			server_now_us(connection->server) - connection->parked_us;
	handover_resume_in_turn(connection);
}

static void wait_for_news(struct connection *connection)
{
	const struct request *request = &connection->exchange.request;

	connection->waiter = (struct live_waiter){
		.workspace = request->workspace.id,
		.revision = request->park_revision,
		.other_than = request->park_other_than,
		.until_us = request->park_until_us,
		.wake = wake,
	};
	connection->parked_us = server_now_us(connection->server);
	watch_set(&connection->watch, PHASE_WAITING, DEADLINE_NONE);
	live_wait(request->service->live, &connection->waiter);
}

/* The client has gone. Under the lock of the deadlines, so the connection is still there; what it
 * waits for need not be. */
void handover_gone(struct watch *watch)
{
	struct connection *connection =
		(struct connection *)((char *)watch - offsetof(struct connection, watch));
	struct live *live = connection->server->service->live;

	__atomic_store_n(&connection->gone, 1, __ATOMIC_RELEASE);
	live_nudge(live, &connection->waiter);
	news_nudge(live_news(live), &connection->news_waiter);
}

/* ---- workers ---- */

static void work(void *arg, unsigned worker)
{
	struct connection *connection = arg;

	if (exchange_work(&connection->exchange, worker) == ACTION_PARK)
		wait_for_news(connection);
	else
		resume(connection);
}

static struct connection *connection_of(struct gather_entry *entry)
{
	return (struct connection *)((char *)entry - offsetof(struct connection, entry));
}

static void prepare_together(struct gather_entry **entries, size_t count, unsigned worker)
{
	for (size_t i = 0; i < count; i++)
		exchange_prepare_joint(&connection_of(entries[i])->exchange, worker);
}

static void store_together(struct gather_entry **entries, size_t count)
{
	struct exchange *exchanges[GATHER_MAX];

	for (size_t i = 0; i < count; i++)
		exchanges[i] = &connection_of(entries[i])->exchange;
	exchange_store_joint(exchanges, count);
}

static void finish_together(struct gather_entry **entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct connection *connection = connection_of(entries[i]);

		exchange_finish_joint(&connection->exchange);
		resume(connection);
	}
}

const struct gather_steps handover_together = {prepare_together, store_together, finish_together};

/* What takes long has threads of its own, so that it never holds all of those that others wait for. */
static struct workq *queue_for(const struct connection *connection)
{
	struct workq *heavy = connection->server->service->heavy_workers;

	return heavy && exchange_is_heavy(&connection->exchange) ? heavy
								 : connection->server->workers;
}

static bool give_to_worker(struct connection *connection)
{
	const struct uuid *workspace = &connection->exchange.request.workspace.id;

	if (exchange_joins(&connection->exchange))
		return gather_push(connection->server->gather, workspace, &connection->entry);
	return workq_push(queue_for(connection), work, connection);
}

static enum MHD_Result hand_over(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;

	metric_add(METRIC_http_suspended, 1);
	if (!give_to_worker(connection)) {
		metric_add(METRIC_http_queue_full, 1);
		/* Of a stream the rest is dropped, so that the answer can be sent. */
		if (exchange->step == STEP_BODY) {
			exchange_give_up(exchange, ERR_BUSY);
		} else if (exchange->step == STEP_ADMIT) {
			exchange->outcome = ERR_BUSY;
			exchange->step = STEP_ADMITTED;
		} else {
			exchange_fail(exchange, ERR_BUSY);
		}
		resume(connection);
	}
	return MHD_YES;
}

enum MHD_Result handover_act(struct connection *connection, enum action action)
{
	struct exchange *exchange = &connection->exchange;

	switch (action) {
	case ACTION_READ: return MHD_YES;
	case ACTION_ANSWER: return reply_send(connection);
	case ACTION_ANSWER_NOW: connection->linger = true; return reply_send(connection);
	default: break;
	}
	/* False: given up by the reaper, which has told the client so. */
	if (!watch_claim(&connection->watch, PHASE_HELD, DEADLINE_NONE))
		return MHD_NO;
	if (!handover_suspend(connection)) {
		if (exchange->step == STEP_BODY)
			return MHD_NO; /* no answer can be queued here */
		exchange_fail(exchange, ERR_STOPPING);
		return reply_send(connection);
	}
	if (action == ACTION_PARK) {
		wait_for_news(connection);
		return MHD_YES;
	}
	return hand_over(connection);
}
