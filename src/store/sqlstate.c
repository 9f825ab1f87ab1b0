/*
 * The table of SQLSTATEs that matter. The first entry that fits counts; what is not in it is the
 * database refusing something that should have been right.
 */
#include "store/sqlstate.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *begins;
	struct sqlstate_meaning meaning;
} table[] = {
	{"40001", {ERR_CONTENTION, true, false}},  /* serialization_failure */
	{"40P01", {ERR_CONTENTION, true, false}},  /* deadlock_detected */
	{"57014", {ERR_CONTENTION, false, false}}, /* query_canceled: mostly a wait for a lock */
	{"55P03", {ERR_CONTENTION, false, false}}, /* lock_not_available */
	{"23505", {ERR_CONFLICT, false, false}},   /* unique_violation */
	{"08", {ERR_DATABASE_AWAY, false, true}},
	{"57P", {ERR_DATABASE_AWAY, false, true}},   /* shutting down, starting up, crashed */
	{"25P03", {ERR_DATABASE_AWAY, false, true}}, /* idle_in_transaction_session_timeout */
	{"25006", {ERR_DATABASE_AWAY, false, true}}, /* read-only: a standby, or being switched */
	{"53", {ERR_DATABASE_AWAY, false, false}},   /* disk full, out of memory, … */
	{"0A000", {ERR_DATABASE, false, true}},      /* cached plan: the schema changed under it */
	{"26000", {ERR_DATABASE, false, true}},      /* the prepared statement is gone (a pooler) */
	{"42P05", {ERR_DATABASE, false, true}},      /* … or somebody else's */
};

struct sqlstate_meaning sqlstate_meaning(const char *sqlstate)
{
	if (!sqlstate || !*sqlstate)
		return (struct sqlstate_meaning){ERR_DATABASE_AWAY, false, true};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (strncmp(sqlstate, table[i].begins, strlen(table[i].begins)) == 0)
			return table[i].meaning;
	}
	return (struct sqlstate_meaning){ERR_DATABASE, false, false};
}
