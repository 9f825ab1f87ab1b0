/*
 * A gate with few places. Who does not get in is told so at once: waiting would hold a worker.
 */
#include "service/heavy.h"

#include <pthread.h>

enum { OF_A_KIND = 2 };

/* Held for a look at three places; they themselves are the service's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_own(const struct heavy_place *place, const struct call *call, enum heavy_kind kind)
{
	return place->taken && place->kind == kind &&
	       uuid_cmp(&place->token, &call->principal->token_id) == 0;
}

/* NULL: there is no room. */
static struct heavy_place *find_room(const struct call *call, enum heavy_kind kind)
{
	struct heavy_place *room = NULL;
	int same = 0;

	for (int i = 0; i < HEAVY_PLACES; i++) {
		struct heavy_place *place = &call->service->heavy[i];

		if (!place->taken)
			room = place;
		else if (kind == HEAVY_MEMORY && is_own(place, call, kind))
			return NULL;
		else
			same += place->kind == kind;
	}
	return same < OF_A_KIND ? room : NULL;
}

enum error heavy_begin(const struct call *call, enum heavy_kind kind)
{
	struct heavy_place *place;

	pthread_mutex_lock(&lock);
	place = find_room(call, kind);
	if (place)
		*place = (struct heavy_place){true, kind, call->principal->token_id};
	pthread_mutex_unlock(&lock);
	if (place)
		return ERR_OK;
	if (kind == HEAVY_MEMORY)
		diag_add(call->diag, "",
			"Bundles, orders computed again, differences, movements and strengths are "
			"made one at a time for a token and few at a time in all; others are "
			"being made.");
	else
		diag_add(call->diag, "",
			"What-ifs on large backlogs are computed two at a time; others are being "
			"computed.");
	return ERR_BUSY;
}

void heavy_end(const struct call *call, enum heavy_kind kind)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < HEAVY_PLACES; i++) {
		if (!is_own(&call->service->heavy[i], call, kind))
			continue;
		call->service->heavy[i].taken = false;
		break;
	}
	pthread_mutex_unlock(&lock);
}
