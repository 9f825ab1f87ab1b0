/*
 * The tables that find an item's row by its id, or a name's number. Linear probing over slots
 * that are small enough for most look-ups to touch one cache line.
 */
#include "base/map.h"

#include <stdlib.h>

#include "base/bulk.h"

enum { FIRST_SIZE = 16 };

struct uuid_map_slot {
	struct uuid key;
	uint32_t value; /* MAP_NONE: free */
};

struct str_map_slot {
	struct str key;
	uint32_t hash;
	uint32_t value; /* MAP_NONE: free */
};

/* At most two thirds full: a miss then looks at five slots on average. */
static bool is_full(size_t used, size_t size)
{
	return used >= size / 3 * 2;
}

/*
 * Slots of `bytes` each, and one more behind them. All bits set make each slot's value MAP_NONE.
 */
static void *new_slots(size_t size, size_t bytes)
{
	void *slots;

	if (size == 0)
		return NULL;
	slots = bulk_alloc(size + 1, bytes);
	if (slots)
		memset(slots, 0xff, (size + 1) * bytes);
	return slots;
}

/*
 * Ids are nearly random already, but clients choose what version 5 is derived from, and could
 * search for ids that crowd one place. So a table has a secret, kept in the key of the slot behind
 * the last one: one wide multiplication mixes it in, where SipHash would cost as much as the rest.
 */
static void make_secret(struct uuid_map_slot *slots, size_t size)
{
	struct {
		const void *place;
		size_t size;
		size_t part;
	} seed = {slots, size, 0};
	uint64_t words[2];

	words[0] = str_hash((struct str){(const char *)&seed, sizeof seed});
	seed.part = 1;
	words[1] = str_hash((struct str){(const char *)&seed, sizeof seed});
	memcpy(slots[size].key.bytes, words, sizeof words);
}

static size_t uuid_home(const struct uuid_map_slot *slots, size_t size, const struct uuid *key)
{
	uint64_t secret[2];
	uint64_t words[2];
	unsigned __int128 product;

	memcpy(secret, slots[size].key.bytes, sizeof secret);
	memcpy(words, key->bytes, sizeof words);
	product = (unsigned __int128)(words[0] ^ secret[0]) * (words[1] ^ secret[1]);
	return (size_t)((uint64_t)product ^ (uint64_t)(product >> 64)) & (size - 1);
}

/* The key's slot, or the free one where it belongs. There always is a free one. */
static size_t uuid_find(const struct uuid_map_slot *slots, size_t size, const struct uuid *key)
{
	size_t at = uuid_home(slots, size, key);

	while (slots[at].value != MAP_NONE && uuid_cmp(&slots[at].key, key) != 0)
		at = (at + 1) & (size - 1);
	return at;
}

static bool uuid_grow(struct uuid_map *map)
{
	size_t size = map->size ? map->size * 2 : FIRST_SIZE;
	struct uuid_map_slot *slots = new_slots(size, sizeof *slots);

	if (!slots)
		return false;
	make_secret(slots, size);
	for (size_t i = 0; i < map->size; i++)
		if (map->slots[i].value != MAP_NONE)
			slots[uuid_find(slots, size, &map->slots[i].key)] = map->slots[i];
	free(map->slots);
	map->slots = slots;
	map->size = size;
	return true;
}

void uuid_map_release(struct uuid_map *map)
{
	free(map->slots);
	*map = (struct uuid_map){0};
}

uint32_t uuid_map_get(const struct uuid_map *map, const struct uuid *key)
{
	return map->size ? map->slots[uuid_find(map->slots, map->size, key)].value
			 : (uint32_t)MAP_NONE;
}

bool uuid_map_put(struct uuid_map *map, const struct uuid *key, uint32_t value)
{
	size_t at = 0;

	if (value == MAP_NONE)
		return false;
	if (map->size > 0) {
		at = uuid_find(map->slots, map->size, key);
		if (map->slots[at].value != MAP_NONE) {
			map->slots[at].value = value;
			return true;
		}
	}
	if (is_full(map->used, map->size)) {
		if (!uuid_grow(map))
			return false;
		at = uuid_find(map->slots, map->size, key);
	}
	map->slots[at] = (struct uuid_map_slot){*key, value};
	map->used++;
	return true;
}

static uint32_t str_hash32(struct str key)
{
	return (uint32_t)str_hash(key);
}

static size_t str_find(const struct str_map_slot *slots, size_t size, struct str key, uint32_t hash)
{
	size_t at = hash & (size - 1);

	while (slots[at].value != MAP_NONE &&
		(slots[at].hash != hash || !str_eq(slots[at].key, key)))
		at = (at + 1) & (size - 1);
	return at;
}

static bool str_grow(struct str_map *map)
{
	size_t size = map->size ? map->size * 2 : FIRST_SIZE;
	struct str_map_slot *slots = new_slots(size, sizeof *slots);

	if (!slots)
		return false;
	for (size_t i = 0; i < map->size; i++) {
		const struct str_map_slot *old = &map->slots[i];

		if (old->value != MAP_NONE)
			slots[str_find(slots, size, old->key, old->hash)] = *old;
	}
	free(map->slots);
	map->slots = slots;
	map->size = size;
	return true;
}

void str_map_release(struct str_map *map)
{
	free(map->slots);
	*map = (struct str_map){0};
}

uint32_t str_map_get(const struct str_map *map, struct str key)
{
	if (map->size == 0)
		return MAP_NONE;
	return map->slots[str_find(map->slots, map->size, key, str_hash32(key))].value;
}

bool str_map_put(struct str_map *map, struct str key, uint32_t value)
{
	uint32_t hash = str_hash32(key);
	size_t at = 0;

	if (value == MAP_NONE)
		return false;
	if (map->size > 0) {
		at = str_find(map->slots, map->size, key, hash);
		if (map->slots[at].value != MAP_NONE) {
			map->slots[at].value = value;
			return true;
		}
	}
	if (is_full(map->used, map->size)) {
		if (!str_grow(map))
			return false;
		at = str_find(map->slots, map->size, key, hash);
	}
	map->slots[at] = (struct str_map_slot){key, hash, value};
	map->used++;
	return true;
}
