/*
 * The cache of who may do what. Entries are found under a read lock; one refresher thread asks
 * PostgreSQL about all of them several times a second and drops what is revoked.
 */
#include "service/auth.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/metrics.h"
#include "base/sha256.h"
#include "service/principal_build.h"
#include "service/tokens.h"
#include "store/aggregates.h"

enum {
	BUCKETS = 1024,
	TOKENS_MAX = 4096, /* beyond, the cache starts anew */
	WORKSPACES_MAX = 1024,
	REFRESH_MS = 300,
	REFRESH_TOKENS =
		256, /* asked for at once, so that neither lock nor memory is held for long */
	READ_ARENA = 16 << 20,
};

struct token_entry {
	struct sha256 hash;
	struct principal *principal;
	struct token_entry *next;
};

struct workspace_entry {
	struct workspace_ref ref;
	char key[64]; /* as the client wrote it: the name or the id */
	struct workspace_entry *next;
};

struct auth {
	struct store *store;
	const struct clock *clock;
	pthread_rwlock_t lock;
	struct token_entry *tokens[BUCKETS];
	size_t token_count;
	struct workspace_entry *workspaces[BUCKETS];
	size_t workspace_count;
	unsigned long
		version; /* atomic; grows under the lock with all that is dropped or replaced */
	unsigned long generation; /* grows when all is forgotten: what was read before is void */
	pthread_t thread;
	pthread_mutex_t sleep_mutex;
	pthread_cond_t wake;
	bool stopping;
};

static size_t token_bucket(const struct sha256 *hash)
{
	return ((size_t)hash->bytes[0] << 8 | hash->bytes[1]) % BUCKETS;
}

static size_t workspace_bucket(struct str key)
{
	return (size_t)(str_hash(key) % BUCKETS);
}

/* ---- under the lock ---- */

static struct token_entry **token_slot(struct auth *auth, const struct sha256 *hash)
{
	struct token_entry **slot = &auth->tokens[token_bucket(hash)];

	while (*slot && !sha256_same(&(*slot)->hash, hash))
		slot = &(*slot)->next;
	return slot;
}

static struct workspace_entry **workspace_slot(struct auth *auth, struct str key)
{
	struct workspace_entry **slot = &auth->workspaces[workspace_bucket(key)];

	while (*slot && !str_is(key, (*slot)->key))
		slot = &(*slot)->next;
	return slot;
}

static void outdate(struct auth *auth)
{
	__atomic_add_fetch(&auth->version, 1, __ATOMIC_RELEASE);
}

unsigned long auth_version(struct auth *auth)
{
	return __atomic_load_n(&auth->version, __ATOMIC_ACQUIRE);
}

static void token_drop(struct auth *auth, struct token_entry **slot)
{
	struct token_entry *entry = *slot;

	*slot = entry->next;
	principal_unref(entry->principal);
	free(entry);
	auth->token_count--;
	outdate(auth);
}

static void workspace_drop(struct auth *auth, struct workspace_entry **slot)
{
	struct workspace_entry *entry = *slot;

	*slot = entry->next;
	free(entry);
	auth->workspace_count--;
	outdate(auth);
}

static void forget_all(struct auth *auth)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (auth->tokens[i])
			token_drop(auth, &auth->tokens[i]);
		while (auth->workspaces[i])
			workspace_drop(auth, &auth->workspaces[i]);
	}
	auth->generation++;
}

void auth_forget(struct auth *auth)
{
	if (!auth)
		return;
	pthread_rwlock_wrlock(&auth->lock);
	forget_all(auth);
	pthread_rwlock_unlock(&auth->lock);
}

static unsigned long generation_of(struct auth *auth)
{
	unsigned long generation;

	pthread_rwlock_rdlock(&auth->lock);
	generation = auth->generation;
	pthread_rwlock_unlock(&auth->lock);
	return generation;
}

/* ---- tokens ---- */

static bool token_is_valid(const struct auth *auth, const struct token_row *token)
{
	return token->revoked_us == TIME_NONE && clock_now_us(auth->clock) < token->expires_us;
}

/* Reads tokens with their grants in one snapshot. */
static enum error read_tokens(struct auth *auth, const struct sha256 *hashes, size_t count,
	struct arena *arena, struct token_row **tokens, size_t *found, struct grant_row **grants,
	size_t *grant_count)
{
	struct uuid *ids;
	struct conn *conn;
	enum error error = store_acquire(auth->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (error)
		goto release;
	error = tokens_by_secret(conn, hashes, count, arena, tokens, found);
	if (error)
		goto end;
	ids = arena_array(arena, *found, sizeof *ids);
	if (!ids) {
		error = ERR_NO_MEMORY;
		goto end;
	}
	for (size_t i = 0; i < *found; i++)
		ids[i] = (*tokens)[i].id;
	error = grants_of_tokens(conn, ids, *found, arena, grants, grant_count);
end:
	read_end(conn);
release:
	store_release(auth->store, conn);
	return error;
}

/* Puts a principal in the cache, unless everything was forgotten since it was read. Takes its own
 * reference. */
static void token_keep(struct auth *auth, const struct sha256 *hash, struct principal *principal,
	unsigned long generation)
{
	struct token_entry *entry = malloc(sizeof *entry);
	struct token_entry **slot;

	if (!entry)
		return;
	pthread_rwlock_wrlock(&auth->lock);
	/* Making room grows the generation too, but does not make void what was read. */
	if (auth->generation == generation && auth->token_count >= TOKENS_MAX) {
		forget_all(auth);
		generation = auth->generation;
	}
	slot = token_slot(auth, hash);
	if (*slot || auth->generation != generation) {
		free(entry);
	} else {
		principal_ref(principal);
		*entry = (struct token_entry){*hash, principal, NULL};
		*slot = entry;
		auth->token_count++;
	}
	pthread_rwlock_unlock(&auth->lock);
}

static enum error token_lookup(struct auth *auth, const struct sha256 *hash, struct principal **out)
{
	unsigned long generation = generation_of(auth);
	struct token_row *tokens;
	struct grant_row *grants;
	size_t found, grant_count;
	struct arena arena;
	enum error error;

	metric_add(METRIC_auth_lookups, 1);
	arena_init(&arena, READ_ARENA);
	error = read_tokens(auth, hash, 1, &arena, &tokens, &found, &grants, &grant_count);
	if (error)
		goto out;
	error = ERR_UNAUTHENTICATED;
	if (found == 0 || !sha256_same(&tokens[0].secret_sha256, hash) ||
		!token_is_valid(auth, &tokens[0]))
		goto out;
	error = ERR_NO_MEMORY;
	*out = principal_build(&tokens[0], grants, grant_count);
	if (!*out)
		goto out;
	token_keep(auth, hash, *out, generation);
	error = ERR_OK;
out:
	arena_release(&arena);
	return error;
}

enum error auth_token(struct auth *auth, struct str token, bool may_block, struct principal **out)
{
	struct sha256 hash;

	if (!token_text_check(token))
		return ERR_UNAUTHENTICATED;
	if (!sha256_of(token.ptr, token.len, &hash))
		return ERR_NO_MEMORY;
	return auth_secret(auth, &hash, may_block, out);
}

enum error auth_secret(
	struct auth *auth, const struct sha256 *hash, bool may_block, struct principal **out)
{
	struct principal *principal = NULL;
	struct token_entry *entry;

	pthread_rwlock_rdlock(&auth->lock);
	entry = *token_slot(auth, hash);
	if (entry) {
		principal = entry->principal;
		principal_ref(principal);
	}
	pthread_rwlock_unlock(&auth->lock);
	if (!principal)
		return may_block ? token_lookup(auth, hash, out) : ERR_WOULD_BLOCK;
	if (clock_now_us(auth->clock) >= principal->expires_us) {
		principal_unref(principal);
		return ERR_UNAUTHENTICATED;
	}
	metric_add(METRIC_auth_cache_hits, 1);
	*out = principal;
	return ERR_OK;
}

/* ---- workspaces ---- */

static enum error workspace_read(struct auth *auth, struct str key, struct workspace_ref *out)
{
	struct workspace_row row;
	struct arena arena;
	struct conn *conn;
	enum error error = store_acquire(auth->store, &conn);

	if (error)
		return error;
	arena_init(&arena, READ_ARENA);
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = workspace_find(conn, key, &arena, &row);
		read_end(conn);
	}
	store_release(auth->store, conn);
	if (!error && (row.removed || row.name.len >= sizeof out->name))
		error = ERR_NOT_FOUND;
	if (!error) {
		*out = (struct workspace_ref){.id = row.id};
		memcpy(out->name, row.name.ptr, row.name.len);
		memcpy(out->salt, row.salt, sizeof out->salt);
	}
	arena_release(&arena);
	return error;
}

static void workspace_keep(struct auth *auth, struct str key, const struct workspace_ref *ref,
	unsigned long generation)
{
	struct workspace_entry *entry = calloc(1, sizeof *entry);
	struct workspace_entry **slot;

	if (!entry)
		return;
	pthread_rwlock_wrlock(&auth->lock);
	if (auth->generation == generation && auth->workspace_count >= WORKSPACES_MAX) {
		forget_all(auth);
		generation = auth->generation;
	}
	slot = workspace_slot(auth, key);
	if (*slot || auth->generation != generation) {
		free(entry);
	} else {
		entry->ref = *ref;
		memcpy(entry->key, key.ptr, key.len);
		*slot = entry;
		auth->workspace_count++;
	}
	pthread_rwlock_unlock(&auth->lock);
}

enum error auth_workspace(
	struct auth *auth, struct str name, bool may_block, struct workspace_ref *out)
{
	unsigned long generation;
	struct workspace_entry *entry;
	enum error error;

	if (name.len == 0 || name.len >= sizeof entry->key)
		return ERR_NOT_FOUND;
	pthread_rwlock_rdlock(&auth->lock);
	entry = *workspace_slot(auth, name);
	if (entry)
		*out = entry->ref;
	generation = auth->generation;
	pthread_rwlock_unlock(&auth->lock);
	if (entry)
		return ERR_OK;
	if (!may_block)
		return ERR_WOULD_BLOCK;
	error = workspace_read(auth, name, out);
	if (!error)
		workspace_keep(auth, name, out, generation);
	return error;
}

/* ---- the refresher ---- */

static size_t cached_hashes(
	struct auth *auth, struct sha256 *hashes, size_t room, unsigned long *generation)
{
	size_t count = 0;

	pthread_rwlock_rdlock(&auth->lock);
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct token_entry *e = auth->tokens[i]; e && count < room; e = e->next)
			hashes[count++] = e->hash;
	}
	*generation = auth->generation;
	pthread_rwlock_unlock(&auth->lock);
	return count;
}

static const struct token_row *row_with(
	const struct token_row *tokens, size_t count, const struct sha256 *hash)
{
	for (size_t i = 0; i < count; i++) {
		if (sha256_same(&tokens[i].secret_sha256, hash))
			return &tokens[i];
	}
	return NULL;
}

/* Every entry gets a new principal made of what the database says now, or is dropped. */
static void renew_tokens(struct auth *auth, const struct sha256 *hashes, size_t count,
	const struct token_row *tokens, size_t found, const struct grant_row *grants,
	size_t grant_count, unsigned long generation)
{
	pthread_rwlock_wrlock(&auth->lock);
	for (size_t i = 0; i < count && auth->generation == generation; i++) {
		struct token_entry **slot = token_slot(auth, &hashes[i]);
		const struct token_row *row = row_with(tokens, found, &hashes[i]);
		struct principal *principal = NULL;

		if (!*slot)
			continue;
		if (row && token_is_valid(auth, row))
			principal = principal_build(row, grants, grant_count);
		if (!principal) {
			token_drop(auth, slot);
			continue;
		}
		principal_unref((*slot)->principal);
		(*slot)->principal = principal;
		outdate(auth);
	}
	pthread_rwlock_unlock(&auth->lock);
}

/* What was verified lasts while PostgreSQL is away; any other fault must not keep a revoked token
 * valid, so what cannot be verified is dropped. */
static enum error refresh_some(
	struct auth *auth, const struct sha256 *hashes, size_t count, unsigned long generation)
{
	struct token_row *tokens;
	struct grant_row *grants;
	size_t found, grant_count;
	struct arena arena;
	enum error error;

	arena_init(&arena, READ_ARENA);
	error = read_tokens(auth, hashes, count, &arena, &tokens, &found, &grants, &grant_count);
	if (!error)
		renew_tokens(auth, hashes, count, tokens, found, grants, grant_count, generation);
	else if (error != ERR_DATABASE_AWAY && error != ERR_BUSY && error != ERR_CONTENTION)
		renew_tokens(auth, hashes, count, NULL, 0, NULL, 0, generation);
	arena_release(&arena);
	return error;
}

static void refresh_tokens(struct auth *auth, struct sha256 *hashes)
{
	unsigned long generation;
	size_t count = cached_hashes(auth, hashes, TOKENS_MAX, &generation);

	for (size_t at = 0; at < count; at += REFRESH_TOKENS) {
		size_t more = count - at < REFRESH_TOKENS ? count - at : REFRESH_TOKENS;

		if (refresh_some(auth, hashes + at, more, generation) == ERR_DATABASE_AWAY)
			return;
	}
}

/* One of the cached names, by its number; false when there are fewer. */
static bool cached_name(struct auth *auth, size_t number, char key[64])
{
	bool found = false;

	pthread_rwlock_rdlock(&auth->lock);
	for (size_t i = 0; i < BUCKETS && !found; i++) {
		for (struct workspace_entry *e = auth->workspaces[i]; e && !found; e = e->next) {
			if (number-- > 0)
				continue;
			memcpy(key, e->key, sizeof e->key);
			found = true;
		}
	}
	pthread_rwlock_unlock(&auth->lock);
	return found;
}

static void refresh_workspaces(struct auth *auth)
{
	char key[64];

	for (size_t i = 0; cached_name(auth, i, key);) {
		struct workspace_ref ref;
		struct workspace_entry **slot;
		enum error error = workspace_read(auth, str_from(key), &ref);

		if (error && error != ERR_NOT_FOUND)
			return;
		if (!error) {
			i++;
			continue;
		}
		pthread_rwlock_wrlock(&auth->lock);
		slot = workspace_slot(auth, str_from(key));
		if (*slot)
			workspace_drop(auth, slot);
		pthread_rwlock_unlock(&auth->lock);
	}
}

static bool sleep_a_while(struct auth *auth)
{
	struct timespec until = cond_deadline(REFRESH_MS * US_PER_MS);
	bool running;

	pthread_mutex_lock(&auth->sleep_mutex);
	while (!auth->stopping &&
		pthread_cond_timedwait(&auth->wake, &auth->sleep_mutex, &until) == 0)
		;
	running = !auth->stopping;
	pthread_mutex_unlock(&auth->sleep_mutex);
	return running;
}

static void *refresher(void *self)
{
	struct auth *auth = self;
	struct sha256 *hashes = malloc(TOKENS_MAX * sizeof *hashes);

	while (hashes && sleep_a_while(auth)) {
		refresh_tokens(auth, hashes);
		refresh_workspaces(auth);
	}
	free(hashes);
	return NULL;
}

struct auth *auth_new(struct store *store, const struct clock *clock)
{
	struct auth *auth = calloc(1, sizeof *auth);

	if (!auth)
		return NULL;
	auth->store = store;
	auth->clock = clock;
	pthread_rwlock_init(&auth->lock, NULL);
	pthread_mutex_init(&auth->sleep_mutex, NULL);
	cond_init(&auth->wake);
	if (pthread_create(&auth->thread, NULL, refresher, auth) == 0)
		return auth;
	pthread_rwlock_destroy(&auth->lock);
	free(auth);
	return NULL;
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	pthread_mutex_lock(&auth->sleep_mutex);
	auth->stopping = true;
	pthread_cond_signal(&auth->wake);
	pthread_mutex_unlock(&auth->sleep_mutex);
	pthread_join(auth->thread, NULL);
	forget_all(auth);
	pthread_rwlock_destroy(&auth->lock);
	pthread_mutex_destroy(&auth->sleep_mutex);
	pthread_cond_destroy(&auth->wake);
	free(auth);
}
