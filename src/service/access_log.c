/*
 * Reads of sensitive data on their way into the access log.
 */
#include "service/access_log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "service/reading.h"

enum { ROWS_A_TRANSACTION = 500, SWEEP_ROWS = 1000 };

/* One allocation: the row's texts and lists lie behind it. */
struct entry {
	struct entry *next;
	size_t bytes;
	struct access_row row;
};

struct access_log {
	pthread_mutex_t mutex;
	struct entry *first, **last; /* that wait, oldest first */
	size_t bytes, bytes_max;     /* of them, and of those that are being written */
	pthread_mutex_t writing;     /* one at a time */
};

struct access_log *access_log_new(size_t bytes_max)
{
	struct access_log *log = calloc(1, sizeof *log);

	if (!log)
		return NULL;
	pthread_mutex_init(&log->mutex, NULL);
	pthread_mutex_init(&log->writing, NULL);
	log->last = &log->first;
	log->bytes_max = bytes_max;
	return log;
}

static void free_entries(struct entry *entry)
{
	while (entry) {
		struct entry *next = entry->next;

		free(entry);
		entry = next;
	}
}

void access_log_free(struct access_log *log)
{
	if (!log)
		return;
	free_entries(log->first);
	pthread_mutex_destroy(&log->mutex);
	pthread_mutex_destroy(&log->writing);
	free(log);
}

/* ---- copying ---- */

static size_t bytes_of(const struct access_row *row)
{
	size_t bytes = sizeof(struct entry) + row->item_count * sizeof *row->items +
		       (row->role_count + row->feature_count) * sizeof(struct str) +
		       row->actor.len + row->request_id.len + row->method.len + row->target.len +
		       row->ranking.len;

	for (size_t i = 0; i < row->role_count; i++)
		bytes += row->roles[i].len;
	for (size_t i = 0; i < row->feature_count; i++)
		bytes += row->features[i].len;
	return bytes;
}

static void take_text(char **at, struct str *text)
{
	if (!text->ptr)
		return;
	memcpy(*at, text->ptr, text->len);
	text->ptr = *at;
	*at += text->len;
}

/* The list's own room is taken first, then that of its texts. */
static const struct str *take_texts(
	struct str **room, char **at, const struct str *texts, size_t count)
{
	struct str *copy = *room;

	*room += count;
	for (size_t i = 0; i < count; i++) {
		copy[i] = texts[i];
		take_text(at, &copy[i]);
	}
	return copy;
}

static struct entry *entry_new(const struct access_row *row)
{
	size_t bytes = bytes_of(row);
	struct entry *entry = malloc(bytes);
	struct str *lists;
	char *at;

	if (!entry)
		return NULL;
	*entry = (struct entry){.bytes = bytes, .row = *row};
	uuid_random(&entry->row.id);
	lists = (struct str *)(entry + 1);
	at = (char *)(lists + row->role_count + row->feature_count);
	if (row->item_count > 0)
		memcpy(at, row->items, row->item_count * sizeof *row->items);
	entry->row.items = (const struct uuid *)at;
	at += row->item_count * sizeof *row->items;
	take_text(&at, &entry->row.actor);
	take_text(&at, &entry->row.request_id);
	take_text(&at, &entry->row.method);
	take_text(&at, &entry->row.target);
	take_text(&at, &entry->row.ranking);
	entry->row.roles = take_texts(&lists, &at, row->roles, row->role_count);
	entry->row.features = take_texts(&lists, &at, row->features, row->feature_count);
	return entry;
}

enum error access_log_put(struct access_log *log, const struct access_row *row)
{
	struct entry *entry = entry_new(row);
	bool room;

	if (!entry)
		return ERR_NO_MEMORY;
	pthread_mutex_lock(&log->mutex);
	room = log->bytes + entry->bytes <= log->bytes_max;
	if (room) {
		log->bytes += entry->bytes;
		*log->last = entry;
		log->last = &entry->next;
	}
	pthread_mutex_unlock(&log->mutex);
	if (room)
		return ERR_OK;
	free(entry);
	metric_add(METRIC_access_records_refused, 1);
	return ERR_ACCESS_LOG_FULL;
}

/* ---- writing ---- */

static struct entry *take_all(struct access_log *log)
{
	struct entry *all;

	pthread_mutex_lock(&log->mutex);
	all = log->first;
	log->first = NULL;
	log->last = &log->first;
	pthread_mutex_unlock(&log->mutex);
	return all;
}

static void put_back(struct access_log *log, struct entry *entries)
{
	struct entry **end = &entries;

	if (!entries)
		return;
	while (*end)
		end = &(*end)->next;
	pthread_mutex_lock(&log->mutex);
	*end = log->first;
	if (!log->first)
		log->last = end;
	log->first = entries;
	pthread_mutex_unlock(&log->mutex);
}

/* Moves entries of the first one's workspace from one list to another, in their order. */
static void choose(struct entry **from, struct entry **chosen)
{
	struct uuid workspace = (*from)->row.workspace;
	size_t count = 0;

	*chosen = NULL;
	while (*from && count < ROWS_A_TRANSACTION) {
		struct entry *entry = *from;

		if (uuid_cmp(&entry->row.workspace, &workspace) != 0) {
			from = &entry->next;
			continue;
		}
		*from = entry->next;
		entry->next = NULL;
		*chosen = entry;
		chosen = &entry->next;
		count++;
	}
}

static enum error write_rows(struct conn *conn, const struct entry *entries)
{
	struct tx *tx;
	enum error error = tx_begin(conn, &entries->row.workspace, &tx);

	for (const struct entry *entry = entries; entry && !error; entry = entry->next)
		error = access_append(tx, &entry->row);
	if (!error)
		return tx_commit(tx);
	tx_rollback(tx);
	return error;
}

static void forget(struct access_log *log, struct entry *entries)
{
	size_t bytes = 0;
	int64_t count = 0;

	for (const struct entry *entry = entries; entry; entry = entry->next) {
		bytes += entry->bytes;
		count++;
	}
	pthread_mutex_lock(&log->mutex);
	log->bytes -= bytes;
	pthread_mutex_unlock(&log->mutex);
	free_entries(entries);
	metric_add(METRIC_access_records_written, count);
}

static enum error write_all(struct service *service, struct entry **waiting)
{
	struct entry *chosen;
	struct conn *conn;
	enum error error = store_acquire(service->store, &conn);

	if (error)
		return error;
	while (*waiting && !error) {
		choose(waiting, &chosen);
		error = write_rows(conn, chosen);
		if (!error) {
			forget(service->access_log, chosen);
			continue;
		}
		/* Back in front; whether they were written shows by their ids the next time. */
		for (struct entry *last = chosen; last; last = last->next) {
			if (last->next)
				continue;
			last->next = *waiting;
			break;
		}
		*waiting = chosen;
	}
	store_release(service->store, conn);
	return error;
}

enum error access_log_flush(struct service *service)
{
	struct access_log *log = service->access_log;
	struct entry *waiting;
	enum error error = ERR_OK;

	if (!log)
		return ERR_OK;
	pthread_mutex_lock(&log->writing);
	waiting = take_all(log);
	if (waiting)
		error = write_all(service, &waiting);
	put_back(log, waiting);
	pthread_mutex_unlock(&log->writing);
	return error;
}

/* ---- reading and sweeping ---- */

enum error access_log_page(const struct call *call, const struct access_filter *filter,
	struct access_row **rows, size_t *count, int64_t *revision)
{
	struct reading reading;
	enum error error = access_log_flush(call->service);

	if (error)
		return error;
	error = reading_begin(call, &reading);
	if (error)
		return error;
	*revision = reading.head.revision;
	error = access_list(reading.conn, &call->workspace, filter, call->arena, rows, count);
	reading_end(&reading);
	return error;
}

static enum error sweep_some(struct service *service, int64_t *swept)
{
	struct conn *conn;
	struct tx *tx;
	enum error error = store_acquire(service->store, &conn);

	if (error)
		return error;
	error = tx_begin(conn, &system_workspace, &tx);
	if (!error)
		error = access_sweep(tx, clock_now_us(service->clock), SWEEP_ROWS, swept);
	if (error)
		tx_rollback(tx);
	else
		error = tx_commit(tx);
	store_release(service->store, conn);
	return error;
}

enum error access_log_sweep(struct service *service, bool (*go_on)(const struct service *service))
{
	int64_t some = SWEEP_ROWS;
	enum error error = ERR_OK;

	while (!error && some == SWEEP_ROWS && go_on(service)) {
		error = sweep_some(service, &some);
		if (!error)
			metric_add(METRIC_access_records_swept, some);
	}
	return error == ERR_COMMIT_UNKNOWN ? ERR_OK : error;
}
