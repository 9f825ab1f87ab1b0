/*
 * Statements that answer with ids.
 */
#include "store/uuids.h"

#include "store/cells.h"

enum error uuids_run(struct conn *conn, enum statement statement, const struct params *params,
	struct arena *arena, struct uuid **out, size_t *count)
{
	struct uuid *ids;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	err = conn_run(conn, statement, params, &result);
	if (err)
		return err;
	ids = arena_array(arena, (size_t)PQntuples(result), sizeof *ids);
	if (!ids)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		ids[i] = cell_uuid(&cells);
		err = cells_error(&cells);
	}
	if (!err) {
		*out = ids;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}
