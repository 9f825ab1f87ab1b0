/*
 * The words of a picture. Finding a symbol takes the lock; finding its text does not: entries lie in
 * segments that never move, and the count is published after the entry is whole.
 */
#include "base/symbols.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"

enum {
	FIRST_ENTRIES = 64, /* of the first segment; each further one has twice as many */
	SEGMENTS = 26,
	CHUNK_BYTES = 4096,
};

struct chunk {
	struct chunk *next;
	char bytes[];
};

struct symbols {
	int references; /* atomic */
	pthread_rwlock_t lock;
	struct str_map map; /* word → symbol */
	struct str *segments[SEGMENTS];
	uint32_t count; /* atomic; written under the lock */
	struct chunk *chunks;
	size_t chunk_left; /* of the newest one */
	char *chunk_at;
	size_t bytes; /* atomic */
};

/* By default the writer would wait for as long as any readers overlap. */
static bool lock_init(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attributes;
	bool good;

	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	good = pthread_rwlock_init(lock, &attributes) == 0;
	pthread_rwlockattr_destroy(&attributes);
	return good;
}

struct symbols *symbols_new(void)
{
	struct symbols *symbols = calloc(1, sizeof *symbols);

	if (!symbols)
		return NULL;
	symbols->references = 1;
	symbols->bytes = sizeof *symbols;
	if (lock_init(&symbols->lock))
		return symbols;
	free(symbols);
	return NULL;
}

void symbols_ref(struct symbols *symbols)
{
	__atomic_add_fetch(&symbols->references, 1, __ATOMIC_RELAXED);
}

void symbols_unref(struct symbols *symbols)
{
	if (!symbols || __atomic_sub_fetch(&symbols->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	while (symbols->chunks) {
		struct chunk *chunk = symbols->chunks;

		symbols->chunks = chunk->next;
		free(chunk);
	}
	for (unsigned i = 0; i < SEGMENTS; i++)
		free(symbols->segments[i]);
	str_map_release(&symbols->map);
	pthread_rwlock_destroy(&symbols->lock);
	free(symbols);
}

/* Which segment an entry is in: they begin at 0, 64, 192, 448 … */
static unsigned segment_of(uint32_t index, uint32_t *at)
{
	uint32_t scaled = index / FIRST_ENTRIES + 1;
	unsigned segment = 31u - (unsigned)__builtin_clz(scaled);

	*at = index - FIRST_ENTRIES * ((UINT32_C(1) << segment) - 1);
	return segment;
}

static void count_bytes(struct symbols *symbols, size_t bytes)
{
	__atomic_add_fetch(&symbols->bytes, bytes, __ATOMIC_RELAXED);
}

/* A copy that never moves; long words get a chunk of their own. */
static char *keep_text(struct symbols *symbols, struct str word)
{
	size_t room = word.len > CHUNK_BYTES / 4 ? word.len : (size_t)CHUNK_BYTES;
	struct chunk *chunk;
	char *text;

	if (word.len > symbols->chunk_left) {
		chunk = malloc(sizeof *chunk + room);
		if (!chunk)
			return NULL;
		chunk->next = symbols->chunks;
		symbols->chunks = chunk;
		symbols->chunk_at = chunk->bytes;
		symbols->chunk_left = room;
		count_bytes(symbols, sizeof *chunk + room);
	}
	text = symbols->chunk_at;
	if (word.len > 0)
		memcpy(text, word.ptr, word.len);
	symbols->chunk_at += word.len;
	symbols->chunk_left -= word.len;
	return text;
}

static bool segment_reserve(struct symbols *symbols, unsigned segment)
{
	size_t entries = (size_t)FIRST_ENTRIES << segment;

	if (segment >= SEGMENTS)
		return false;
	if (symbols->segments[segment])
		return true;
	symbols->segments[segment] = malloc(entries * sizeof(struct str));
	if (!symbols->segments[segment])
		return false;
	count_bytes(symbols, entries * sizeof(struct str));
	return true;
}

/* Under the lock. */
static uint32_t add_new(struct symbols *symbols, struct str word)
{
	uint32_t at, index = symbols->count;
	unsigned segment = segment_of(index, &at);
	const char *text;

	if (!segment_reserve(symbols, segment))
		return SYMBOL_UNSEEN;
	text = keep_text(symbols, word);
	if (!text || !str_map_put(&symbols->map, (struct str){text, word.len}, index + 1))
		return SYMBOL_UNSEEN;
	symbols->segments[segment][at] = (struct str){text, word.len};
	__atomic_store_n(&symbols->count, index + 1, __ATOMIC_RELEASE);
	return index + 1;
}

uint32_t symbols_add(struct symbols *symbols, struct str word)
{
	uint32_t symbol;

	if (!word.ptr)
		return SYMBOL_NONE;
	/* Nobody else writes, so the writer may look without the lock. */
	symbol = str_map_get(&symbols->map, word);
	if (symbol != MAP_NONE)
		return symbol;
	pthread_rwlock_wrlock(&symbols->lock);
	symbol = add_new(symbols, word);
	pthread_rwlock_unlock(&symbols->lock);
	return symbol;
}

uint32_t symbols_find(struct symbols *symbols, struct str word)
{
	uint32_t symbol;

	if (!word.ptr)
		return SYMBOL_NONE;
	pthread_rwlock_rdlock(&symbols->lock);
	symbol = str_map_get(&symbols->map, word);
	pthread_rwlock_unlock(&symbols->lock);
	return symbol == MAP_NONE ? (uint32_t)SYMBOL_UNSEEN : symbol;
}

struct str symbols_text(struct symbols *symbols, uint32_t symbol)
{
	uint32_t at;
	unsigned segment;

	if (symbol == SYMBOL_NONE || symbol > __atomic_load_n(&symbols->count, __ATOMIC_ACQUIRE))
		return STR_NONE;
	segment = segment_of(symbol - 1, &at);
	return symbols->segments[segment][at];
}

size_t symbols_bytes(struct symbols *symbols)
{
	size_t slots;

	pthread_rwlock_rdlock(&symbols->lock);
	slots = symbols->map.size;
	pthread_rwlock_unlock(&symbols->lock);
	return __atomic_load_n(&symbols->bytes, __ATOMIC_RELAXED) +
	       slots * (sizeof(struct str) + 2 * sizeof(uint32_t));
}
