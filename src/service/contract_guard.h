/*
 * Status changes against the contract that is in force, on every way by which an item can change: each
 * is judged under the head's lock, as the transaction sees the items in flight, before it is taken.
 *
 * Only what an item enters is judged: the status that a gate guards, the group that a limit counts. What
 * is there already stays, whatever the contract says of it now.
 */
#ifndef WINNOW_SERVICE_CONTRACT_GUARD_H
#define WINNOW_SERVICE_CONTRACT_GUARD_H

#include "base/map.h"
#include "codec/contract.h"
#include "codec/item.h"
#include "service/service.h"
#include "store/aggregates.h"

struct conn;

/* The items in flight: loaded once in a transaction, then moved by what is written in it. */
struct flyer {
	struct flying_row row;
	bool flies;
};
struct flight {
	struct arena arena;
	bool loaded; /* else the contract has no limit, or there is none */
	struct flyer *flyers;
	size_t count, room;
	struct uuid_map index;
	/* What was there before each change, so that a write that fails can be taken back. */
	struct flight_undo {
		uint32_t at;
		struct flyer before;
	} * undo;
	size_t undo_count, undo_room;
};

/* Of nothing as yet; release in any case. */
void flight_init(struct flight *flight);
void flight_release(struct flight *flight);
/* Under the lock, or in the snapshot of a rehearsal. Does nothing where nothing is limited. */
enum error flight_load(struct flight *flight, struct conn *conn, const struct uuid *workspace,
	const struct catalog *catalog);
/* Where a write begins; and back to there. */
size_t flight_mark(const struct flight *flight);
void flight_back(struct flight *flight, size_t mark);

/* How one change is judged. */
struct guard {
	struct catalog *catalog;
	struct flight *flight;
	double now_s;
	/* The item as the transaction met it, which is what its history goes on from; NULL: it is new. */
	const struct item_record *stored;
	uint32_t roles; /* of who asks: whether a refusal may name the items in flight */
	bool mirrored; /* it tells what has happened in another tracker: all refusals are warnings */
	const char *pointer;   /* of the item */
	struct arena *scratch; /* released before and after */
};

/*
 * before: the item as the write before left it, in this transaction too; NULL when it is new. Gates go by
 * what is stored instead: an item that comes twice must not enter by the one and lose by the other what it
 * entered with. ERR_GATE or ERR_WIP_LIMIT with a fault for each thing that is
 * missing; what only warns goes to `warnings`. When all is well the flight is moved. ERR_NO_MEMORY.
 */
enum error guard_judge(const struct guard *guard, const struct item_record *before,
	const struct item_record *after, struct diag *faults, struct diag *warnings);

#endif
