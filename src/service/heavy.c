/*
 * A gate with few places. Who does not get in is told so at once: waiting would hold a worker.
 */
#include "service/heavy.h"

#include <pthread.h>

static const struct {
	int all, of_a_token;
} limits[HEAVY_KINDS] = {
	[HEAVY_MEMORY] = {2, 1},
	[HEAVY_WORK] = {2, 1},
	[HEAVY_LIGHT] = {HEAVY_THREADS, 2},
};
enum { LARGE = 3 }; /* of memory and work together */

/* Held for a look at a few places; they themselves are the service's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

enum heavy_kind heavy_whatif(size_t rows)
{
	return rows >= WHATIF_LIGHT_ROWS ? HEAVY_WORK : HEAVY_LIGHT;
}

static bool is_own(const struct heavy_place *place, const struct call *call, enum heavy_kind kind)
{
	return place->taken && place->kind == kind &&
	       uuid_cmp(&place->token, &call->principal->token_id) == 0;
}

static enum error take(const struct call *call, enum heavy_kind kind)
{
	struct heavy_place *room = NULL;
	int same = 0, own = 0, large = 0;

	for (int i = 0; i < HEAVY_PLACES; i++) {
		struct heavy_place *place = &call->service->heavy[i];

		if (!place->taken)
			room = place;
		same += place->taken && place->kind == kind;
		own += is_own(place, call, kind);
		large += place->taken && place->kind != HEAVY_LIGHT;
	}
	if (own >= limits[kind].of_a_token)
		return ERR_TOO_MANY_HEAVY;
	if (!room || same >= limits[kind].all || (kind != HEAVY_LIGHT && large >= LARGE))
		return ERR_BUSY;
	*room = (struct heavy_place){true, kind, call->principal->token_id};
	return ERR_OK;
}

enum error heavy_begin(const struct call *call, enum heavy_kind kind)
{
	enum error error;

	pthread_mutex_lock(&lock);
	error = take(call, kind);
	pthread_mutex_unlock(&lock);
	if (error && kind == HEAVY_MEMORY)
		diag_add(call->diag, "",
			"Bundles, orders computed again, differences, movements and strengths are "
			"made one at a time for a token and few at a time in all; others are "
			"being made.");
	else if (error)
		diag_add(call->diag, "",
			"Simulations, scores, checks of policies and queues of the past are "
			"computed few at a time, on large backlogs one at a time for a token; "
			"others are being computed.");
	return error;
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
