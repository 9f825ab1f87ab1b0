/*
 * One load at a time, whoever asks: two pictures of a large workspace at once would be the memory of
 * three. One more may wait for it, and no third: each waits on a worker, which all workspaces' writes
 * need too. Whoever loads takes the entry out of the list, so that nobody else touches its picture.
 */
#include "live/past.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cond.h"
#include "live/picture.h"
#include "store/history_read.h"

enum {
	ENTRIES_MAX = 4,       /* workspaces at a revision */
	RANKINGS_MAX = 4,      /* of an entry */
	BYTES_MAX = 512 << 20, /* together, beyond the newest entry */
	WAIT_S = 10,           /* for the load before to end */
};

struct entry {
	struct uuid workspace;
	int64_t revision;
	struct picture *picture;
	struct ranking *rankings; /* newest first */
	size_t bytes;
	int64_t used_us; /* monotonic */
	struct entry *next;
};

struct past {
	struct store *store;
	const struct clock *clock;
	int64_t keep_us;
	struct room room;
	size_t loading_bytes; /* atomic: of the entry that is in nobody's list */
	pthread_mutex_t mutex;
	pthread_cond_t idle;
	bool loading, waiting; /* one of each at most */
	unsigned forgotten;    /* counts past_forget: what was loaded before it is not kept */
	struct entry *entries; /* the one last used first */
};

static void entry_free(struct entry *entry)
{
	if (!entry)
		return;
	while (entry->rankings) {
		struct ranking *ranking = entry->rankings;

		entry->rankings = ranking->next;
		ranking_unref(ranking);
	}
	picture_free(entry->picture);
	free(entry);
}

static void entries_free(struct entry *entries)
{
	while (entries) {
		struct entry *entry = entries;

		entries = entry->next;
		entry_free(entry);
	}
}

static struct entry *entry_new(const struct uuid *workspace, int64_t revision)
{
	struct entry *entry = calloc(1, sizeof *entry);

	if (!entry)
		return NULL;
	entry->workspace = *workspace;
	entry->revision = revision;
	return entry;
}

struct past *past_new(
	struct store *store, const struct clock *clock, unsigned keep_ms, const struct room *room)
{
	struct past *past = calloc(1, sizeof *past);

	if (!past)
		return NULL;
	past->store = store;
	past->clock = clock;
	past->keep_us = (int64_t)keep_ms * US_PER_MS;
	past->room = *room;
	pthread_mutex_init(&past->mutex, NULL);
	cond_init(&past->idle);
	return past;
}

void past_free(struct past *past)
{
	if (!past)
		return;
	entries_free(past->entries);
	pthread_cond_destroy(&past->idle);
	pthread_mutex_destroy(&past->mutex);
	free(past);
}

/* ---- under the mutex ---- */

static struct entry **entry_find(struct past *past, const struct uuid *workspace, int64_t revision)
{
	struct entry **link = &past->entries;

	while (*link &&
		((*link)->revision != revision || uuid_cmp(&(*link)->workspace, workspace) != 0))
		link = &(*link)->next;
	return link;
}

static struct entry *entry_take(struct entry **link)
{
	struct entry *entry = *link;

	if (entry)
		*link = entry->next;
	return entry;
}

static void entry_put(struct past *past, struct entry *entry)
{
	entry->used_us = clock_monotonic_us(past->clock);
	entry->next = past->entries;
	past->entries = entry;
}

static struct ranking *find_ranking(struct past *past, const struct uuid *workspace,
	int64_t revision, const struct ranking_request *request)
{
	struct entry **link = entry_find(past, workspace, revision);
	struct ranking *ranking = *link ? (*link)->rankings : NULL;

	while (ranking && !ranking_answers(ranking, request))
		ranking = ranking->next;
	if (!ranking)
		return NULL;
	ranking_ref(ranking);
	/* What was does not grow old. */
	ranking_mark_fresh(ranking, clock_monotonic_us(past->clock));
	entry_put(past, entry_take(link));
	return ranking;
}

/* What is to be let go: the idle, and the oldest beyond the limits. */
static struct entry *drop_old(struct past *past)
{
	int64_t now_us = clock_monotonic_us(past->clock);
	struct entry **link = &past->entries, *dropped = NULL;
	size_t bytes = 0, count = 0;

	while (*link) {
		struct entry *entry = *link;

		bytes += entry->bytes;
		if (now_us - entry->used_us < past->keep_us && count < ENTRIES_MAX &&
			(count == 0 || bytes <= BYTES_MAX)) {
			count++;
			link = &entry->next;
			continue;
		}
		*link = entry->next;
		entry->next = dropped;
		dropped = entry;
	}
	return dropped;
}

/* ERR_BUSY when the load before takes too long. */
static enum error wait_for_load(struct past *past)
{
	struct timespec until = cond_deadline((int64_t)WAIT_S * US_PER_S);
	int waited = 0;

	past->waiting = true;
	while (past->loading && waited == 0)
		waited = pthread_cond_timedwait(&past->idle, &past->mutex, &until);
	past->waiting = false;
	return past->loading ? ERR_BUSY : ERR_OK;
}

/* Until nobody loads, or the ranking is there after all. */
static enum error wait_for_turn(struct past *past, const struct uuid *workspace, int64_t revision,
	const struct ranking_request *request, struct ranking **found)
{
	*found = find_ranking(past, workspace, revision, request);
	while (!*found && past->loading) {
		enum error error = past->waiting ? ERR_BUSY : wait_for_load(past);

		if (error)
			return error;
		*found = find_ranking(past, workspace, revision, request);
	}
	return ERR_OK;
}

/* ---- loading ---- */

static void set_loading_bytes(struct past *past, size_t bytes)
{
	__atomic_store_n(&past->loading_bytes, bytes, __ATOMIC_RELAXED);
}

static enum error take_room(void *self, size_t bytes)
{
	struct past *past = self;

	set_loading_bytes(past, bytes);
	return past->room.take ? past->room.take(past->room.self, bytes) : ERR_OK;
}

static enum error load_from(struct past *past, struct entry *entry, struct conn *conn)
{
	picture_free(entry->picture);
	entry->picture = picture_new(&entry->workspace);
	if (!entry->picture)
		return ERR_NO_MEMORY;
	entry->picture->room = (struct room){take_room, past};
	return picture_load_at(entry->picture, conn, entry->revision);
}

static enum error load(struct past *past, struct entry *entry)
{
	struct history_read read = {
		.store = past->store, .workspace = entry->workspace, .needed = entry->revision};
	enum error error;

	do {
		error = history_begin(&read);
		if (!error)
			error = load_from(past, entry, read.conn);
	} while (history_again(&read, error));
	return error;
}

static void entry_add(struct entry *entry, struct ranking *ranking)
{
	struct ranking **link = &entry->rankings;

	ranking_ref(ranking);
	ranking->next = entry->rankings;
	entry->rankings = ranking;
	for (int kept = 0; *link && kept < RANKINGS_MAX; kept++)
		link = &(*link)->next;
	while (*link) {
		struct ranking *old = *link;

		*link = old->next;
		ranking_unref(old);
	}
	entry->bytes = picture_bytes(entry->picture);
	for (const struct ranking *kept = entry->rankings; kept; kept = kept->next)
		entry->bytes += ranking_bytes(kept);
}

/* *entry is NULL where nothing was kept of this revision. */
static enum error compute(struct past *past, const struct uuid *workspace, int64_t revision,
	const struct ranking_request *request, struct entry **entry, struct ranking **out)
{
	enum error error = ERR_OK;

	if (!*entry) {
		*entry = entry_new(workspace, revision);
		if (!*entry)
			return ERR_NO_MEMORY;
		error = load(past, *entry);
	}
	if (error) {
		entry_free(*entry);
		*entry = NULL;
		return error;
	}
	error = ranking_compute((*entry)->picture, request, out);
	if (error)
		return error;
	ranking_mark_fresh(*out, clock_monotonic_us(past->clock));
	entry_add(*entry, *out);
	return ERR_OK;
}

enum error past_ranking(struct past *past, const struct uuid *workspace, int64_t revision,
	const struct ranking_request *request, struct ranking **out)
{
	struct entry *entry, *dropped;
	unsigned forgotten;
	enum error error;

	pthread_mutex_lock(&past->mutex);
	error = wait_for_turn(past, workspace, revision, request, out);
	if (error || *out) {
		pthread_mutex_unlock(&past->mutex);
		return error;
	}
	past->loading = true;
	forgotten = past->forgotten;
	entry = entry_take(entry_find(past, workspace, revision));
	set_loading_bytes(past, entry ? entry->bytes : 0);
	pthread_mutex_unlock(&past->mutex);
	if (request->anew) {
		entry_free(entry);
		entry = NULL;
	}

	error = compute(past, workspace, revision, request, &entry, out);

	pthread_mutex_lock(&past->mutex);
	if (entry && forgotten == past->forgotten) {
		entry_put(past, entry);
		entry = NULL;
	}
	dropped = drop_old(past);
	past->loading = false;
	set_loading_bytes(past, 0);
	pthread_cond_broadcast(&past->idle);
	pthread_mutex_unlock(&past->mutex);
	entry_free(entry);
	entries_free(dropped);
	return error;
}

void past_forget(struct past *past, const struct uuid *workspace)
{
	struct entry *dropped = NULL;

	pthread_mutex_lock(&past->mutex);
	past->forgotten++;
	for (struct entry **link = &past->entries; *link;) {
		struct entry *entry = *link;

		if (uuid_cmp(&entry->workspace, workspace) != 0) {
			link = &entry->next;
			continue;
		}
		*link = entry->next;
		entry->next = dropped;
		dropped = entry;
	}
	pthread_mutex_unlock(&past->mutex);
	entries_free(dropped);
}

bool past_sweep(struct past *past)
{
	struct entry *dropped;
	bool any;

	pthread_mutex_lock(&past->mutex);
	dropped = drop_old(past);
	pthread_mutex_unlock(&past->mutex);
	any = dropped != NULL;
	entries_free(dropped);
	return any;
}

size_t past_bytes(struct past *past)
{
	size_t bytes = __atomic_load_n(&past->loading_bytes, __ATOMIC_RELAXED);

	pthread_mutex_lock(&past->mutex);
	for (const struct entry *entry = past->entries; entry; entry = entry->next)
		bytes += entry->bytes;
	pthread_mutex_unlock(&past->mutex);
	return bytes;
}

bool past_drop_oldest(struct past *past, int64_t before_us)
{
	struct entry **link = &past->entries, *oldest = NULL;

	pthread_mutex_lock(&past->mutex);
	while (*link && (*link)->next)
		link = &(*link)->next;
	if (*link && (*link)->used_us < before_us)
		oldest = entry_take(link);
	pthread_mutex_unlock(&past->mutex);
	entry_free(oldest);
	return oldest != NULL;
}
