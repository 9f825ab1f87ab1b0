/*
 * A gate with room for one. Who does not get in is told so at once: waiting would hold a worker.
 */
#include "service/heavy.h"

enum error heavy_begin(const struct call *call)
{
	int none = 0;

	if (__atomic_compare_exchange_n(
		    &call->service->heavy, &none, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return ERR_OK;
	diag_add(call->diag, "",
		"Bundles, orders computed again, differences, movements and strengths are made "
		"one at a time, and another one is being made.");
	return ERR_BUSY;
}

void heavy_end(const struct call *call)
{
	__atomic_store_n(&call->service->heavy, 0, __ATOMIC_RELEASE);
}
