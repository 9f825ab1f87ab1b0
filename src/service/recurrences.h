/*
 * Work that comes back: the items of the present period, through the one way in.
 */
#ifndef WINNOW_SERVICE_RECURRENCES_H
#define WINNOW_SERVICE_RECURRENCES_H

#include "service/service.h"

/*
 * Raises what the workspace's recurrences ask for now and is not there yet: an item's external id names its
 * period, so that whoever else raises it finds it there. Periods that nobody saw are not made up for. At most one
 * revision, "items.recur". ERR_INVALID: an item is no longer what the workspace takes (its stream is gone);
 * then none is raised, and call->diag says which.
 */
enum error recurrences_raise(const struct call *call, size_t *raised);

#endif
