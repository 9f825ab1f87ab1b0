/*
 * The daemon's composition root: reads the configuration, wires the parts, runs, takes them down.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/machine.h"
#include "base/options.h"
#include "base/workq.h"
#include "codec/json.h"
#include "http/http.h"
#include "http/server.h"
#include "jobs/checkpointing.h"
#include "jobs/jobs.h"
#include "jobs/retirement.h"
#include "live/live.h"
#include "service/access_log.h"
#include "service/catalogs.h"
#include "service/heavy.h"
#include "service/tokens.h"
#include "store/migrate.h"
#include "store/store.h"
#include "winnow/version.h"

extern char **environ;

struct settings {
	const char *database_url, *direct_database_url, *replica_database_url, *owner_database_url;
	const char *app_role, *token_file;
	const char *checkpoint_key_file, *checkpoint_name, *checkpoint_dir, *checkpoint_webhook_url;
	const char *workspace, *export_dir;
	const char *listen_address, *tls_certificate, *tls_key, *log_level;
	int64_t port, http_threads, workers, queue_length;
	int64_t max_connections, max_connections_per_ip;
	int64_t header_timeout_ms, body_timeout_ms, body_min_rate, idle_timeout_ms, unsent_mib;
	int64_t request_memory_mib, memory_budget_mib, drain_ms, grace_ms;
	int64_t statement_timeout_ms, connect_timeout_s, replica_connections, replica_wait_ms;
	int64_t follow_ms, rank_share_percent, ranking_keep_s, rankings_kept;
	int64_t outage_limit_s, jobs_every_ms, idempotency_keep_s;
	int64_t checkpoint_every_s, checkpoint_records, before_checkpoint;
	int64_t streams, streams_per_token, events_kept, heartbeat_ms;
	bool pooler, notify;
	bool behind_proxy, check_config, print_config, help, version;
};

#define FIELD(name) offsetof(struct settings, name)
#define NUMBER(option, field, fallback, min, max, help)                                            \
	{                                                                                          \
		option, OPTION_INT, "N", fallback, min, max, help, FIELD(field)                    \
	}
#define TEXT(option, field, placeholder, fallback, help)                                           \
	{                                                                                          \
		option, OPTION_TEXT, placeholder, fallback, 0, 0, help, FIELD(field)               \
	}
#define SWITCH(option, field, fallback, help)                                                      \
	{                                                                                          \
		option, OPTION_BOOL, NULL, fallback, 0, 0, help, FIELD(field)                      \
	}
#define FLAG(option, field, help) SWITCH(option, field, "false", help)
#define SECRET(option, field, help)                                                                \
	{                                                                                          \
		option, OPTION_SECRET, "URL", NULL, 0, 0, help, FIELD(field)                       \
	}

/* clang-format off */
static const struct option_spec options[] = {
	SECRET("database-url", database_url, "PostgreSQL, as the application's role"),
	FLAG("pooler", pooler, "database-url leads to a pooler in transaction mode: no prepared statements"),
	SECRET("direct-database-url", direct_database_url, "past the pooler, as the application's role; for NOTIFY"),
	SECRET("replica-database-url", replica_database_url, "a standby for reads of history, as the application's role"),
	SECRET("owner-database-url", owner_database_url, "PostgreSQL, as the schema's owner; for migrate and retire only; never by a pooler"),
	TEXT("app-role", app_role, "NAME", "winnow_app", "the application's role, which migrate grants its rights"),
	TEXT("token-file", token_file, "FILE", NULL, "where bootstrap writes the first operator's token (mode 0600)"),
	TEXT("listen-address", listen_address, "ADDRESS", "127.0.0.1", "numeric; other than loopback needs TLS or --behind-proxy"),
	NUMBER("port", port, "8080", 0, 65535, "0: any free one, which the log names"),
	FLAG("behind-proxy", behind_proxy, "a proxy in front does TLS"),
	TEXT("tls-certificate", tls_certificate, "FILE", NULL, "certificate chain, PEM"),
	TEXT("tls-key", tls_key, "FILE", NULL, "its private key, PEM"),
	NUMBER("http-threads", http_threads, "2", 1, 2, "event loops"),
	NUMBER("workers", workers, "4", 1, 64, "threads that talk to PostgreSQL, a connection each"),
	NUMBER("queue-length", queue_length, "1024", 1, 1000000, "requests that may wait for a worker; beyond is 503"),
	NUMBER("max-connections", max_connections, "4096", 1, 1000000, "client connections; beyond wait in the backlog"),
	NUMBER("max-connections-per-ip", max_connections_per_ip, "0", 0, 1000000, "of one address; 0: no limit"),
	NUMBER("header-timeout-ms", header_timeout_ms, "10000", 50, 3600000, "ms for a request's header to be complete"),
	NUMBER("body-timeout-ms", body_timeout_ms, "30000", 50, 3600000, "ms for a buffered body; a stream must keep its rate over it"),
	NUMBER("body-min-rate", body_min_rate, "1024", 1, 1000000000, "bytes a second that a stream must keep"),
	NUMBER("unsent-mib", unsent_mib, "256", 1, 1048576, "MiB of large answers that clients have not read yet; beyond is 503"),
	NUMBER("idle-timeout-ms", idle_timeout_ms, "60000", 50, 3600000, "ms that a connection may stay without a request"),
	NUMBER("request-memory-mib", request_memory_mib, "256", 1, 16384, "MiB that one request may use besides its body"),
	NUMBER("memory-budget-mib", memory_budget_mib, "-1", -1, 16777216, "MiB for all workspaces in memory; -1: half of the machine's or container's, 0: no limit"),
	NUMBER("drain-ms", drain_ms, "0", 0, 600000, "ms of serving on after SIGTERM, while readiness says no"),
	NUMBER("grace-ms", grace_ms, "20000", 0, 600000, "ms for running requests to finish at the end"),
	NUMBER("statement-timeout-ms", statement_timeout_ms, "60000", 100, 3600000, "ms for one SQL statement"),
	NUMBER("connect-timeout-s", connect_timeout_s, "5", 1, 300, "s for a connection to PostgreSQL, or a session of the pooler"),
	NUMBER("replica-connections", replica_connections, "4", 1, 64, "connections to the standby; when all are in use the primary reads"),
	NUMBER("replica-wait-ms", replica_wait_ms, "1000", 50, 60000, "ms for the standby to begin an answer; then the primary reads"),
	NUMBER("follow-ms", follow_ms, "200", 10, 60000, "ms between looks for other daemons' changes"),
	SWITCH("notify", notify, "true", "tell other daemons of changes, and hear theirs, between such looks"),
	NUMBER("rank-share-percent", rank_share_percent, "75", 1, 100, "% of one processor that ranking may take"),
	NUMBER("ranking-keep-s", ranking_keep_s, "60", 60, 86400, "s that an old ranking stays after its last page"),
	NUMBER("rankings-kept", rankings_kept, "1000", 1, 10000, "old rankings kept for a workspace at the most"),
	NUMBER("streams", streams, "3000", 1, 1000000, "open event streams and waiting polls; beyond is 503"),
	NUMBER("streams-per-token", streams_per_token, "500", 1, 1000000, "of one token; beyond is 429"),
	NUMBER("events-kept", events_kept, "1024", 1, 1000000, "of a workspace in memory; a stream that is further behind is cut off"),
	NUMBER("heartbeat-ms", heartbeat_ms, "15000", 50, 600000, "ms after which a silent stream gets a comment"),
	NUMBER("outage-limit-s", outage_limit_s, "900", 0, 86400, "s without PostgreSQL until /readyz says no"),
	NUMBER("idempotency-keep-s", idempotency_keep_s, "86400", 1, 2592000, "s that an answer is kept under its Idempotency-Key"),
	TEXT("checkpoint-key-file", checkpoint_key_file, "FILE", NULL, "the key that signs checkpoints of the audit logs; without it none are made. For retire: it, or its verifier's"),
	TEXT("checkpoint-name", checkpoint_name, "NAME", NULL, "what checkpoint-key calls a new key, such as winnow.example.org"),
	TEXT("checkpoint-dir", checkpoint_dir, "FOLDER", NULL, "where checkpoints are written, out of the database's reach"),
	SECRET("checkpoint-webhook-url", checkpoint_webhook_url, "where checkpoints are posted to, as text/plain"),
	NUMBER("checkpoint-every-s", checkpoint_every_s, "60", 1, 86400, "s after which a log that has grown gets a checkpoint"),
	NUMBER("checkpoint-records", checkpoint_records, "10000", 1, 1000000000, "or as many new records"),
	NUMBER("jobs-every-ms", jobs_every_ms, "0", 0, 3600000, "ms between the turns of background jobs; 0: each at its own pace"),
	TEXT("workspace", workspace, "NAME", NULL, "for retire: whose log"),
	NUMBER("before-checkpoint", before_checkpoint, "0", 0, INT64_MAX, "for retire: up to the checkpoint of so many records"),
	TEXT("export-dir", export_dir, "FOLDER", NULL, "for retire: where the removed part of the log is written"),
	TEXT("log-level", log_level, "LEVEL", "info", "debug, info, warn or error"),
	FLAG("check-config", check_config, "check the configuration and exit"),
	FLAG("print-config", print_config, "print the configuration in force, secrets hidden, and exit"),
	FLAG("version", version, "print the version and exit"),
	FLAG("help", help, "print this and exit"),
};
/* clang-format on */
enum { OPTION_COUNT = sizeof options / sizeof *options };

/* Variables that belong to the client or to the scripts around. */
static const char *const foreign_variables[] = {"WINNOW_URL", "WINNOW_TOKEN",
	"WINNOW_ADMIN_DATABASE_URL", "WINNOW_TIMEOUT", "WINNOW_CA_FILE", NULL};

/* It deletes in one statement what years have written. */
enum { RETIRE_TIMEOUT_MS = 6 * 3600 * 1000 };
enum exit_code { EXIT_OK = 0, EXIT_FAULT = 1, EXIT_USAGE = 2 };

/* ---- checking ---- */

static bool set_log_level(const char *name)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};

	for (int i = 0; i < 4; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		log_set_level((enum log_level)i);
		return true;
	}
	return false;
}

static int check_settings(const struct settings *settings)
{
	int faults = 0;

	if (!set_log_level(settings->log_level)) {
		fprintf(stderr, "winnowd: --log-level: debug, info, warn or error\n");
		faults++;
	}
	if (!settings->tls_certificate != !settings->tls_key) {
		fprintf(stderr, "winnowd: --tls-certificate and --tls-key go together\n");
		faults++;
	}
	return faults;
}

static int needs_database(const struct settings *settings)
{
	if (settings->database_url)
		return EXIT_OK;
	fprintf(stderr, "winnowd: WINNOW_DATABASE_URL is needed (or WINNOW_DATABASE_URL_FILE)\n");
	return EXIT_USAGE;
}

/* ---- the parts ---- */

struct parts {
	struct service service;
	struct workq *workers, *heavy_workers;
	struct server *server;
	struct jobs *jobs, *slow_jobs;
};

static struct server_config server_config_of(const struct settings *settings)
{
	return (struct server_config){
		.listen_address = settings->listen_address,
		.port = (uint16_t)settings->port,
		.threads = (unsigned)settings->http_threads,
		.max_connections = (unsigned)settings->max_connections,
		.max_connections_per_ip = (unsigned)settings->max_connections_per_ip,
		.header_timeout_ms = (unsigned)settings->header_timeout_ms,
		.body_timeout_ms = (unsigned)settings->body_timeout_ms,
		.body_min_rate = (unsigned)settings->body_min_rate,
		.unsent_bytes = (size_t)settings->unsent_mib << 20,
		.idle_timeout_ms = (unsigned)settings->idle_timeout_ms,
		.request_arena_bytes = (size_t)settings->request_memory_mib << 20,
		.behind_proxy = settings->behind_proxy,
		.tls_certificate_file = settings->tls_certificate,
		.tls_key_file = settings->tls_key,
	};
}

static struct store_config store_config_of(const struct settings *settings)
{
	return (struct store_config){
		.url = settings->database_url,
		/* One for each worker of either pool, the followers of rankings and of news, two loaders,
		 * the refresher of tokens and the two threads of jobs. */
		.connections = (unsigned)settings->workers + HEAVY_THREADS + 7,
		.connect_timeout_s = (unsigned)settings->connect_timeout_s,
		.statement_timeout_ms = (unsigned)settings->statement_timeout_ms,
		.acquire_timeout_ms = 5000,
		.pooled = settings->pooler,
		.replica_url = settings->replica_database_url,
		.replica_connections = (unsigned)settings->replica_connections,
		.replica_wait_ms = (unsigned)settings->replica_wait_ms,
	};
}

/* LISTEN needs a session of its own, which a pooler does not give; NULL: it is done without. */
static const char *notify_url_of(const struct settings *settings)
{
	if (!settings->notify)
		return NULL;
	if (settings->direct_database_url)
		return settings->direct_database_url;
	return settings->pooler ? NULL : settings->database_url;
}

/* Whoever only asks must find a connection left. */
static unsigned streams_most(const struct settings *settings)
{
	int64_t most = settings->max_connections - settings->max_connections / 4;

	return (unsigned)(settings->streams < most ? settings->streams : most);
}

static size_t memory_budget_of(const struct settings *settings)
{
	if (settings->memory_budget_mib >= 0)
		return (size_t)settings->memory_budget_mib << 20;
	return (size_t)(machine_memory_bytes() / 2);
}

static struct live_config live_config_of(const struct settings *settings)
{
	return (struct live_config){
		.follow_ms = (unsigned)settings->follow_ms,
		.rank_share = (double)settings->rank_share_percent / 100.0,
		.ranking_keep_ms = (unsigned)settings->ranking_keep_s * 1000,
		.rankings_kept_max = (unsigned)settings->rankings_kept,
		.memory_budget_bytes = memory_budget_of(settings),
		.notify_url = notify_url_of(settings),
		.connect_timeout_s = (unsigned)settings->connect_timeout_s,
		.news =
			{
				.heartbeat_ms = (unsigned)settings->heartbeat_ms,
				.kept = (unsigned)settings->events_kept,
				.most = streams_most(settings),
				.most_a_token = (unsigned)settings->streams_per_token,
			},
	};
}

static struct checkpoint_options checkpoint_options_of(const struct settings *settings)
{
	return (struct checkpoint_options){
		.key_file = settings->checkpoint_key_file,
		.folder = settings->checkpoint_dir,
		.webhook_url = settings->checkpoint_webhook_url,
		.every_s = settings->checkpoint_every_s,
		.records = settings->checkpoint_records,
	};
}

/* A role that row level security does not bind, or a schema that this binary does not know, must
 * not serve. PostgreSQL being away is no reason not to start: it heals. */
static bool may_serve(struct store *store)
{
	char why[512];
	struct conn *conn;
	enum error error = store_acquire(store, &conn);

	if (!error) {
		error = store_check(conn, why, sizeof why);
		store_release(store, conn);
	}
	if (error == ERR_FORBIDDEN || error == ERR_CONFLICT) {
		log_write(LOG_ERROR, "database_refused", why, NULL);
		fprintf(stderr, "winnowd: %s\n", why);
		return false;
	}
	if (error)
		log_write(LOG_WARN, "database_away_at_start",
			"The database cannot be reached yet; starting without it",
			LOG_S("why", error_info(error)->title), NULL);
	return true;
}

static bool parts_start(struct parts *parts, const struct settings *settings)
{
	struct server_config server = server_config_of(settings);
	struct store_config store = store_config_of(settings);
	struct live_config live = live_config_of(settings);
	struct checkpoint_options checkpoints = checkpoint_options_of(settings);
	struct service *service = &parts->service;

	service->clock = &clock_system;
	service->outage_limit_us = settings->outage_limit_s * US_PER_S;
	service->key_lifetime_us = settings->idempotency_keep_s * US_PER_S;
	if (!checkpointing_new(&checkpoints, stderr, &service->checkpoints))
		return false;
	service->store = store_new(&store, service->clock);
	if (!service->store || !may_serve(service->store))
		return false;
	service->catalogs = catalogs_new();
	service->auth = auth_new(service->store, service->clock);
	service->live = live_new(service->store, service->clock, &live);
	service->access_log = access_log_new(ACCESS_LOG_BYTES);
	parts->workers = workq_new((unsigned)settings->workers, (size_t)settings->queue_length);
	parts->heavy_workers = workq_new(HEAVY_THREADS, HEAVY_QUEUED);
	if (!service->catalogs || !service->auth || !service->live || !parts->workers ||
		!parts->heavy_workers || !service->access_log) {
		log_write(LOG_ERROR, "start_failed", "Memory or threads are out", NULL);
		return false;
	}
	service->workers = parts->workers;
	service->heavy_workers = parts->heavy_workers;
	parts->jobs =
		jobs_start(service, job_table, job_table_count, (unsigned)settings->jobs_every_ms);
	parts->slow_jobs = jobs_start(
		service, slow_job_table, slow_job_table_count, (unsigned)settings->jobs_every_ms);
	if (!parts->jobs || !parts->slow_jobs) {
		log_write(LOG_ERROR, "start_failed", "Memory or threads are out", NULL);
		return false;
	}
	return server_start(&server, service, parts->workers, service->clock, &parts->server) ==
	       ERR_OK;
}

static void parts_stop(struct parts *parts, unsigned grace_ms)
{
	struct service *service = &parts->service;

	jobs_stop(parts->slow_jobs);
	jobs_stop(parts->jobs);
	checkpointing_free(service->checkpoints);
	/* Those who wait for news are answered now, so that the server has nobody suspended. */
	if (service->live)
		live_wake_all(service->live);
	if (parts->server)
		server_stop(parts->server, grace_ms);
	if (parts->workers)
		workq_free(parts->workers);
	if (parts->heavy_workers)
		workq_free(parts->heavy_workers);
	/* What was answered last. */
	if (service->store && access_log_flush(service))
		log_write(LOG_WARN, "access_log_lost",
			"Reads of sensitive data could not be written to the access log", NULL);
	access_log_free(service->access_log);
	live_free(service->live);
	auth_free(service->auth);
	catalogs_free(service->catalogs);
	if (service->store)
		store_free(service->store);
}

/* ---- commands ---- */

/* Waits for SIGTERM or SIGINT; at most `ms` (-1: for ever). False: the time is over. */
static bool wait_for_signal(int signals, int ms)
{
	struct pollfd ready = {.fd = signals, .events = POLLIN};
	struct signalfd_siginfo info;

	while (poll(&ready, 1, ms) < 0) {
		if (errno != EINTR)
			return true;
	}
	return ready.revents & POLLIN && read(signals, &info, sizeof info) == sizeof info;
}

static int serve(const struct settings *settings)
{
	struct parts parts = {0};
	sigset_t set;
	int signals, code = needs_database(settings);

	if (code)
		return code;
	/* Rankings free and take large arrays each time; giving the pages back costs more. */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL); /* before any thread: all inherit it */
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0 || !parts_start(&parts, settings)) {
		parts_stop(&parts, 0);
		return EXIT_FAULT;
	}
	log_write(LOG_INFO, "ready", "Winnow serves", LOG_S("version", WINNOW_VERSION),
		LOG_S("address", settings->listen_address),
		LOG_I("port", server_port(parts.server)), NULL);
	wait_for_signal(signals, -1);
	log_write(
		LOG_INFO, "stopping", "Running requests are finished, then the daemon ends", NULL);
	__atomic_store_n(&parts.service.draining, 1, __ATOMIC_RELEASE);
	server_drain(parts.server);
	/* A second signal ends the wait. */
	if (settings->drain_ms > 0)
		wait_for_signal(signals, (int)settings->drain_ms);
	parts_stop(&parts, (unsigned)settings->grace_ms);
	close(signals);
	log_write(LOG_INFO, "stopped", "Ended", NULL);
	return EXIT_OK;
}

static int migrate(const struct settings *settings)
{
	if (!settings->owner_database_url) {
		fprintf(stderr, "winnowd: migrate needs WINNOW_OWNER_DATABASE_URL\n");
		return EXIT_USAGE;
	}
	return migrate_run(settings->owner_database_url, settings->app_role, stdout) == ERR_OK
		       ? EXIT_OK
		       : EXIT_FAULT;
}

/* Bootstrapping twice is fine as long as the file still holds a token that works. */
static int check_token_file(const char *path, struct service *service, struct arena *arena)
{
	char line[TOKEN_TEXT_SIZE + 1] = "";
	FILE *file = fopen(path, "re");
	enum error error = ERR_UNAUTHENTICATED;

	if (file && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		error = operator_token_check(service, arena, str_from(line));
	}
	explicit_bzero(line, sizeof line);
	if (file)
		fclose(file);
	if (!error) {
		printf("%s holds a valid operator's token already\n", path);
		return EXIT_OK;
	}
	fprintf(stderr, "winnowd: %s exists, and holds no valid operator's token: %s\n", path,
		error_info(error)->title);
	return EXIT_FAULT;
}

static int write_token(int fd, const char *path, struct service *service, struct arena *arena)
{
	char secret[TOKEN_TEXT_SIZE] = "";
	bool written = false;
	struct diag diag;
	enum error error;

	diag_init(&diag, arena);
	error = bootstrap(service, arena, &diag, secret);
	/* Where the outcome is unknown the token may well exist. */
	if (!error || error == ERR_COMMIT_UNKNOWN)
		written = dprintf(fd, "%s\n", secret) > 0 && (!path || fsync(fd) == 0);
	explicit_bzero(secret, sizeof secret);
	if (error == ERR_CONFLICT)
		fprintf(stderr, "winnowd: there is a valid operator's token already\n");
	else if (error)
		fprintf(stderr, "winnowd: %s\n", error_info(error)->title);
	else if (!written)
		fprintf(stderr, "winnowd: the token could not be written; revoke it\n");
	if (error && !written && path)
		unlink(path);
	return error || !written ? EXIT_FAULT : EXIT_OK;
}

/* The file is made first: a token that cannot be kept must not exist. */
static int make_token(const char *path, struct service *service)
{
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : STDOUT_FILENO;
	struct arena arena;
	int code;

	arena_init(&arena, 1 << 20);
	if (fd >= 0) {
		code = write_token(fd, path, service, &arena);
	} else if (errno == EEXIST) {
		code = check_token_file(path, service, &arena);
	} else {
		fprintf(stderr, "winnowd: %s: %s\n", path, strerror(errno));
		code = EXIT_FAULT;
	}
	if (path && fd >= 0)
		close(fd);
	arena_release(&arena);
	return code;
}

static int bootstrap_command(const struct settings *settings)
{
	struct store_config config = store_config_of(settings);
	struct service service = {.clock = &clock_system};
	int code = needs_database(settings);

	if (code)
		return code;
	service.store = store_new(&config, service.clock);
	code = service.store && may_serve(service.store)
		       ? make_token(settings->token_file, &service)
		       : EXIT_FAULT;
	if (service.store)
		store_free(service.store);
	return code;
}

static int checkpoint_key(const struct settings *settings)
{
	if (!settings->checkpoint_key_file) {
		fprintf(stderr, "winnowd: checkpoint-key needs --checkpoint-key-file\n");
		return EXIT_USAGE;
	}
	return checkpoint_key_make(
		       settings->checkpoint_key_file, settings->checkpoint_name, stdout, stderr)
		       ? EXIT_OK
		       : EXIT_FAULT;
}

static int retire(const struct settings *settings)
{
	const struct retirement_options wanted = {
		.workspace = settings->workspace,
		.folder = settings->export_dir,
		.key_file = settings->checkpoint_key_file,
		.size = settings->before_checkpoint,
	};
	struct store_config config = store_config_of(settings);
	struct service service = {.clock = &clock_system};
	int code = EXIT_FAULT;

	if (!settings->owner_database_url || !wanted.workspace || !wanted.folder ||
		wanted.size == 0) {
		fprintf(stderr, "winnowd: retire needs WINNOW_OWNER_DATABASE_URL, --workspace, "
				"--before-checkpoint and --export-dir\n");
		return EXIT_USAGE;
	}
	config.url = settings->owner_database_url;
	config.pooled = false;
	config.replica_url = NULL;
	config.statement_timeout_ms = RETIRE_TIMEOUT_MS;
	service.store = store_new(&config, service.clock);
	if (service.store && retire_log(&service, &wanted, stdout, stderr))
		code = EXIT_OK;
	if (service.store)
		store_free(service.store);
	return code;
}

static int print_routes(const struct settings *settings)
{
	(void)settings;
	routes_print(stdout);
	return EXIT_OK;
}

static const struct command {
	const char *name;
	int (*run)(const struct settings *settings);
	const char *help;
} commands[] = {
	{"serve", serve, "serve requests (what winnowd does without a command)"},
	{"migrate", migrate, "bring the schema up to this version, as its owner"},
	{"bootstrap", bootstrap_command, "make the first operator's token"},
	{"checkpoint-key", checkpoint_key,
		"make the key that signs checkpoints; print its verifier's"},
	{"retire", retire,
		"export the log up to a checkpoint and remove it, as the schema's owner"},
	{"routes", print_routes, "print the route table: method, path, roles, flags"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(void)
{
	printf("winnowd %s: a self-hosted prioritization service\n\n"
	       "  WINNOW_OWNER_DATABASE_URL=postgresql://owner@/winnow winnowd migrate\n"
	       "  WINNOW_DATABASE_URL=postgresql://app@/winnow winnowd bootstrap --token-file t\n"
	       "  WINNOW_DATABASE_URL=postgresql://app@/winnow winnowd --port 8080\n\n"
	       "Commands:\n",
		WINNOW_VERSION);
	for (int i = 0; i < COMMAND_COUNT; i++)
		printf("  %-14s %s\n", commands[i].name, commands[i].help);
	printf("\nOptions come from flags, then from variables, then from defaults:\n");
	options_help(options, OPTION_COUNT, stdout);
}

static const struct command *command_named(const char *name)
{
	const char *names[COMMAND_COUNT + 1] = {NULL};
	const char *closest;

	for (int i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		names[i] = commands[i].name;
	}
	closest = closest_name(name, names);
	fprintf(stderr, "winnowd: there is no command \"%s\"%s%s%s\n", name,
		closest ? "; did you mean " : "", closest ? closest : "", closest ? "?" : "");
	return NULL;
}

/* The command may stand before its options or behind them. */
static int read_settings(
	int argc, char **argv, struct settings *settings, const struct command **command)
{
	bool first = argc > 1 && argv[1][0] != '-';
	int skip = first ? 1 : 0, rest = 0, faults;

	faults = options_read(options, OPTION_COUNT, settings, argc - skip, argv + skip, environ,
		foreign_variables, &rest, stderr);
	*command = &commands[0];
	if (first)
		*command = command_named(argv[1]);
	else if (rest < argc)
		*command = command_named(argv[rest++]);
	if (rest < argc - skip) {
		fprintf(stderr, "winnowd: what is \"%s\"?\n", argv[rest + skip]);
		faults++;
	}
	return faults + (*command ? 0 : 1);
}

int main(int argc, char **argv)
{
	static struct settings settings; /* what it points to lives as long as the process */
	const struct command *command;
	int faults = read_settings(argc, argv, &settings, &command);

	if (settings.help) {
		print_help();
		return EXIT_OK;
	}
	if (settings.version) {
		printf("winnowd %s\n", WINNOW_VERSION);
		return EXIT_OK;
	}
	if (faults + check_settings(&settings) > 0)
		return EXIT_USAGE;
	if (settings.print_config)
		options_print(options, OPTION_COUNT, &settings, stdout);
	if (settings.print_config || settings.check_config)
		return EXIT_OK;
	json_init();
	return command->run(&settings);
}
