/*
 * A map that only grows, by a hundred bytes for each workspace that is used. When memory is out all is
 * forgotten for good, since to know of an older revision than was shown would be wrong.
 */
#include "store/known.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"

struct known {
	pthread_mutex_t mutex;
	struct uuid_map places;
	struct known_revision *revisions;
	size_t count, room;
	bool failed;
};

struct known *known_new(void)
{
	struct known *known = calloc(1, sizeof *known);

	if (known)
		pthread_mutex_init(&known->mutex, NULL);
	return known;
}

void known_free(struct known *known)
{
	if (!known)
		return;
	uuid_map_release(&known->places);
	free(known->revisions);
	pthread_mutex_destroy(&known->mutex);
	free(known);
}

static bool make_room(struct known *known)
{
	size_t room = known->room ? known->room * 2 : 16;
	struct known_revision *revisions;

	if (known->count < known->room)
		return true;
	revisions = realloc(known->revisions, room * sizeof *revisions);
	if (!revisions)
		return false;
	known->revisions = revisions;
	known->room = room;
	return true;
}

static struct known_revision *find(struct known *known, const struct uuid *workspace)
{
	uint32_t place = uuid_map_get(&known->places, workspace);

	return place == MAP_NONE ? NULL : &known->revisions[place];
}

/* NULL when memory is out. */
static struct known_revision *find_or_add(struct known *known, const struct uuid *workspace)
{
	struct known_revision *found = find(known, workspace);

	if (found)
		return found;
	if (!make_room(known) || !uuid_map_put(&known->places, workspace, (uint32_t)known->count))
		return NULL;
	found = &known->revisions[known->count++];
	*found = (struct known_revision){0};
	return found;
}

void known_note(struct known *known, const struct uuid *workspace, int64_t revision,
	const struct sha256 *hash)
{
	struct known_revision *found;

	pthread_mutex_lock(&known->mutex);
	found = find_or_add(known, workspace);
	if (!found)
		known->failed = true;
	if (found && revision > found->revision)
		found->revision = revision;
	if (found && hash && revision >= found->proof_revision) {
		found->proof_revision = revision;
		found->proof = *hash;
	}
	pthread_mutex_unlock(&known->mutex);
}

struct known_revision known_of(struct known *known, const struct uuid *workspace)
{
	struct known_revision out = {0};
	const struct known_revision *found;

	pthread_mutex_lock(&known->mutex);
	found = find(known, workspace);
	if (found && !known->failed)
		out = *found;
	pthread_mutex_unlock(&known->mutex);
	return out;
}
