/*
 * The tables' row types as this database numbers them: the number of a composite type is given when
 * its table is made, so it is asked for, once a connection.
 */
#include "store/cells.h"
#include "store/conn.h"
#include "store/wire.h"

const char *row_table_name(int table)
{
	static const char *const names[ROWS_COUNT] = {
#define X(table) [HISTORY_##table] = #table,
#include "store/history.def"
#undef X
		[ROWS_ITEMS] = "items",
		[ROWS_ITEM_TEXTS] = "item_texts",
		[ROWS_AUDIT_RECORDS] = "audit_records",
	};

	return names[table];
}

static bool read_types(struct cells *cells, struct row_type *out)
{
	struct wire_array array;
	struct str oid = cell_view(cells);
	struct str element;

	if (oid.len != 4 || !wire_array_open(cell_view(cells), WIRE_OID, &array))
		return false;
	if (array.count > ROW_COLUMNS_MAX)
		return false;
	out->oid = wire_get32(oid.ptr);
	out->columns = (int)array.count;
	for (size_t i = 0; i < array.count; i++) {
		if (!wire_array_next(&array, &element) || element.len != 4)
			return false;
		out->types[i] = wire_get32(element.ptr);
	}
	return true;
}

enum error conn_row_types(struct conn *conn)
{
	PGresult *result;
	enum error err;

	if (conn->row_types_known)
		return ERR_OK;
	err = conn_run(conn, STMT_ROW_TYPES, NULL, &result);
	if (err)
		return err;
	memset(conn->row_types, 0, sizeof conn->row_types);
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, NULL);
		struct str name = cell_view(&cells);

		for (int table = 0; table < (int)ROWS_COUNT; table++) {
			if (!str_is(name, row_table_name(table)))
				continue;
			if (!read_types(&cells, &conn->row_types[table]))
				err = ERR_DATABASE;
			break;
		}
	}
	PQclear(result);
	/* A table that is not there has no columns, which row_end finds. */
	conn->row_types_known = !err;
	return err;
}
