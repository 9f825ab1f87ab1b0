/*
 * The event loops: threads of ours, each with a library daemon of its own that is polled from outside,
 * because the library's own threads can wait for ever with work to do (docs/adr/0003-event-loops.md).
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "http/server/parts.h"

enum {
	/*
	 * For the longest head that is accepted, what the library keeps of each field, and the answer's
	 * head. It is cleared one and a half times for each request, so it is no larger than that.
	 */
	CONNECTION_MEMORY_BYTES = 24 * 1024,
	NAP_US = 1000,
	IDLE_ROUNDS_MAX = 1000, /* of a loop in a row */
};

/* The loop has set `poked` to 0 before it looks for what there is to do, so if it is still 1 here
 * it has not looked yet. */
void loop_poke(struct loop *loop)
{
	uint64_t one = 1;

	if (!__atomic_exchange_n(&loop->poked, 1, __ATOMIC_SEQ_CST))
		(void)!write(loop->poke, &one, sizeof one);
}

static struct MHD_Daemon *start_daemon(struct loop *loop, int listening, const struct pem *pem)
{
	const struct server_config *config = &loop->server->config;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	unsigned share = config->threads;
	/* What is not set ends the list. The library's own time-out stays off: see deadlines.h. */
	struct MHD_OptionItem options[8] = {{MHD_OPTION_END, 0, NULL}};
	unsigned used = 0;

	if (pem->certificate) {
		flags |= MHD_USE_TLS;
		options[used++] =
			(struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, pem->certificate};
		options[used++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, pem->key};
		options[used++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
			(void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"};
	}
	if (config->max_connections_per_ip)
		options[used++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT,
			(intptr_t)((config->max_connections_per_ip + share - 1) / share), NULL};
	options[used] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return MHD_start_daemon(flags, 0, NULL, NULL, callback_request, loop,
		MHD_OPTION_EXTERNAL_LOGGER, callback_message, loop, MHD_OPTION_LISTEN_SOCKET,
		listening, MHD_OPTION_CONNECTION_LIMIT,
		(config->max_connections + share - 1) / share, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_NOTIFY_COMPLETED, callback_completed, loop, MHD_OPTION_NOTIFY_CONNECTION,
		callback_connection, loop, MHD_OPTION_URI_LOG_CALLBACK, callback_target, loop,
		MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

void loop_order(struct loop *loop, enum loop_orders orders)
{
	__atomic_store_n(&loop->orders, (int)orders, __ATOMIC_RELEASE);
	loop_poke(loop);
}

/* On the loop's own thread: the library does the same on its own account now and then, and aborts
 * the process when both do so at once. */
static void stop_accepting(struct loop *loop)
{
	int listening = MHD_quiesce_daemon(loop->daemon);

	if (listening >= 0)
		close(listening);
}

void loop_nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = NAP_US * 1000}, NULL);
}

/*
 * Never waits inside the library: it would wait again after exactly as many events as it asks for
 * at once, before it has looked at any of them.
 */
static void wait_for_events(struct loop *loop, bool at_once)
{
	struct pollfd ready[] = {{loop->events, POLLIN, 0}, {loop->poke, POLLIN, 0}};
	MHD_UNSIGNED_LONG_LONG wait_ms;
	uint64_t pokes;

	if (MHD_get_timeout(loop->daemon, &wait_ms) != MHD_YES || wait_ms > 0)
		poll(ready, 2, at_once ? 0 : -1);
	if (!ready[1].revents && !__atomic_load_n(&loop->poked, __ATOMIC_RELAXED))
		return;
	(void)!read(loop->poke, &pokes, sizeof pokes);
	__atomic_store_n(&loop->poked, 0, __ATOMIC_SEQ_CST);
}

static void *run_loop(void *arg)
{
	struct loop *loop = arg;
	bool accepting = true;
	bool more_to_wake = false;
	unsigned idle_rounds = 0;
	unsigned long calls;
	int orders;

	while ((orders = __atomic_load_n(&loop->orders, __ATOMIC_ACQUIRE)) != LOOP_END) {
		if (orders == LOOP_STOP_ACCEPTING && accepting) {
			stop_accepting(loop);
			accepting = false;
		}
		wait_for_events(loop, more_to_wake);
		calls = loop->calls;
		more_to_wake = handover_resume_some(loop);
		MHD_run(loop->daemon);
		/* One connection that the library cannot get on with must not cost a processor. */
		idle_rounds = loop->calls == calls ? idle_rounds + 1 : 0;
		if (idle_rounds > IDLE_ROUNDS_MAX)
			loop_nap();
	}
	return NULL;
}

/* Signals are the main thread's business, and a client that is gone is none. */
static bool start_thread(struct loop *loop)
{
	sigset_t all;
	sigset_t before;
	bool ok;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ok = pthread_create(&loop->thread, NULL, run_loop, loop) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ok)
		pthread_setname_np(loop->thread, "http");
	return ok;
}

/* Takes the listening socket over. */
static enum error start_loop(struct server *server, int listening, const struct pem *pem)
{
	struct loop *loop = &server->loops[server->loop_count];
	const union MHD_DaemonInfo *info;

	loop->server = server;
	pthread_mutex_init(&loop->woken_mutex, NULL);
	loop->poke = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->daemon = loop->poke < 0 ? NULL : start_daemon(loop, listening, pem);
	if (!loop->daemon) {
		if (loop->poke >= 0)
			close(loop->poke);
		close(listening);
		return ERR_INTERNAL;
	}
	info = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	loop->events = info ? info->epoll_fd : -1;
	if (loop->events < 0 || !start_thread(loop)) {
		MHD_stop_daemon(loop->daemon);
		close(loop->poke);
		return ERR_INTERNAL;
	}
	server->loop_count++;
	return ERR_OK;
}

void loops_end(struct server *server)
{
	for (unsigned i = 0; i < server->loop_count; i++)
		loop_order(&server->loops[i], LOOP_END);
	for (unsigned i = 0; i < server->loop_count; i++) {
		struct loop *loop = &server->loops[i];

		pthread_join(loop->thread, NULL);
		MHD_stop_daemon(loop->daemon);
		close(loop->poke);
	}
	server->loop_count = 0;
}

/* One socket for all loops: which of them takes a connection is left to chance. */
enum error loops_start(struct server *server, int listening, const struct pem *pem)
{
	enum error error = ERR_OK;

	while (!error && server->loop_count < server->config.threads) {
		int copy = fcntl(listening, F_DUPFD_CLOEXEC, 0);

		error = copy < 0 ? ERR_INTERNAL : start_loop(server, copy, pem);
	}
	close(listening);
	if (error)
		loops_end(server);
	return error;
}
