/*
 * Which row an item is, and what never changes of a row: shared by a picture and the rankings that
 * were made of it.
 */
#include "live/row_index.h"

#include <stdlib.h>
#include <string.h>

/* Readers overlap all the time; by default the follower would wait until they happen not to. */
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

struct row_index *row_index_new(void)
{
	struct row_index *index = calloc(1, sizeof *index);

	if (!index)
		return NULL;
	index->references = 1;
	if (lock_init(&index->lock))
		return index;
	free(index);
	return NULL;
}

void row_index_ref(struct row_index *index)
{
	__atomic_add_fetch(&index->references, 1, __ATOMIC_RELAXED);
}

void row_index_unref(struct row_index *index)
{
	if (!index || __atomic_sub_fetch(&index->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	uuid_map_release(&index->rows);
	pthread_rwlock_destroy(&index->lock);
	free(index);
}

uint32_t row_index_find(struct row_index *index, const struct uuid *id)
{
	uint32_t row;

	pthread_rwlock_rdlock(&index->lock);
	row = uuid_map_get(&index->rows, id);
	pthread_rwlock_unlock(&index->lock);
	return row;
}

bool row_index_put(struct row_index *index, const struct uuid *id, uint32_t row)
{
	bool put;

	pthread_rwlock_wrlock(&index->lock);
	put = uuid_map_put(&index->rows, id, row);
	pthread_rwlock_unlock(&index->lock);
	return put;
}

void row_keys_ref(struct row_keys *keys)
{
	__atomic_add_fetch(&keys->references, 1, __ATOMIC_RELAXED);
}

void row_keys_unref(struct row_keys *keys)
{
	if (!keys || __atomic_sub_fetch(&keys->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	free(keys->ids);
	free(keys->first_revisions);
	free(keys);
}

struct row_keys *row_keys_grown(const struct row_keys *old, size_t rows, size_t room)
{
	struct row_keys *keys = calloc(1, sizeof *keys);

	if (!keys)
		return NULL;
	keys->references = 1;
	keys->room = room;
	keys->ids = malloc(room * sizeof *keys->ids);
	keys->first_revisions = malloc(room * sizeof *keys->first_revisions);
	if (!keys->ids || !keys->first_revisions) {
		row_keys_unref(keys);
		return NULL;
	}
	if (rows > 0) {
		memcpy(keys->ids, old->ids, rows * sizeof *keys->ids);
		memcpy(keys->first_revisions, old->first_revisions,
			rows * sizeof *keys->first_revisions);
	}
	return keys;
}
