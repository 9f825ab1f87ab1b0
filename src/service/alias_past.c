/*
 * Whether what "active" names again was approved: by what its moves were.
 */
#include "service/alias_past.h"

static enum error moved_by(struct write *write, int64_t revision, struct str *action)
{
	struct intervention_row *rows;
	size_t count;
	enum error error = interventions_list(tx_conn(write->tx), &write->call->workspace,
		revision + 1, 1, write->call->arena, &rows, &count);

	*action = !error && count > 0 && rows[0].revision == revision ? rows[0].action : STR_NONE;
	return error;
}

enum error alias_past_approved(struct write *write, const struct alias_past *past, bool *out)
{
	bool bypass = false, left = false; /* gone back from */
	bool back = false; /* what was in force next came by a roll-back or a resumption */
	struct str action;
	enum error error = ERR_OK;

	*out = false;
	for (size_t i = past->count; i-- > 0 && !error;) {
		bool wanted = str_eq(past->moves[i].body, past->wanted);

		error = moved_by(write, past->moves[i].revision, &action);
		if (error || str_is(action, "suspend"))
			continue;
		left |= wanted && back;
		back = !wanted && action.ptr;
		if (!wanted || action.ptr)
			continue;
		error = proposal_bypassed_at(tx_conn(write->tx), &write->call->workspace,
			past->moves[i].revision, &bypass);
		*out = !left && !bypass;
		return error;
	}
	return error;
}
