/*
 * A hash map from 16-byte keys (UUIDs) or from strings to a 32-bit number. Open addressing,
 * grows by doubling. Keys of strings are not copied. Not thread-safe.
 */
#ifndef WINNOW_BASE_MAP_H
#define WINNOW_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"

enum { MAP_NONE = 0xffffffff };

struct uuid_map {
	struct uuid_map_slot *slots;
	size_t used;
	size_t size; /* a power of two, or 0 */
};

void uuid_map_release(struct uuid_map *map);
/* MAP_NONE when absent. */
uint32_t uuid_map_get(const struct uuid_map *map, const struct uuid *key);
/* Adds or replaces; false when memory is out or value is MAP_NONE, which cannot be stored. */
bool uuid_map_put(struct uuid_map *map, const struct uuid *key, uint32_t value);

struct str_map {
	struct str_map_slot *slots;
	size_t used;
	size_t size;
};

void str_map_release(struct str_map *map);
uint32_t str_map_get(const struct str_map *map, struct str key);
bool str_map_put(struct str_map *map, struct str key, uint32_t value);

#endif
