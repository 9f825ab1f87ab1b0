/*
 * Reading a whole table's worth of rows by COPY: one piece of memory a row and no look at its columns
 * by libpq, which makes half of what reading row by row takes. libpq has no COPY in pipeline mode, so the
 * connection leaves it meanwhile.
 */
#include "store/pipeline.h"
#include "store/wire.h"

/* "PGCOPY\n\377\r\n\0", flags, length of what may follow. */
enum { SIGNATURE_BYTES = 11, HEAD_BYTES = SIGNATURE_BYTES + 8, COLUMNS_BYTES = 2 };
static const char signature[SIGNATURE_BYTES] = {
	'P', 'G', 'C', 'O', 'P', 'Y', '\n', '\377', '\r', '\n', '\0'};

struct copy {
	struct conn *conn;
	enum statement statement;
	bool (*row)(void *self, struct str row);
	void *self;
	bool headed, wanted, broken;
};

static struct str behind(struct str bytes, size_t count)
{
	return (struct str){bytes.ptr + count, bytes.len - count};
}

/* The head comes along with the first row, or alone when there is none. False: that is no head. */
static bool skip_head(struct str *bytes)
{
	if (bytes->len < HEAD_BYTES || memcmp(bytes->ptr, signature, sizeof signature) != 0 ||
		wire_get32(bytes->ptr + SIGNATURE_BYTES + 4) > bytes->len - HEAD_BYTES)
		return false;
	*bytes = behind(*bytes, HEAD_BYTES + wire_get32(bytes->ptr + SIGNATURE_BYTES + 4));
	return true;
}

/* What the server sends together: a row, the end, or nothing but the head. */
static void take_piece(struct copy *copy, struct str piece)
{
	if (!copy->headed) {
		copy->headed = skip_head(&piece);
		copy->broken = !copy->headed;
	}
	if (copy->broken || piece.len == 0)
		return;
	if (piece.len < COLUMNS_BYTES) {
		copy->broken = true;
		return;
	}
	if (wire_get16(piece.ptr) != UINT16_MAX)
		copy->wanted = copy->row(copy->self, behind(piece, COLUMNS_BYTES));
}

/* All that is sent. False: the connection has been given up. */
static bool read_pieces(struct copy *copy)
{
	struct conn *conn = copy->conn;
	char *piece;
	int bytes;

	while ((bytes = PQgetCopyData(conn->pg, &piece, 1)) >= 0) {
		if (bytes == 0) {
			if (!conn_await_input(conn))
				return false;
			continue;
		}
		if (copy->wanted && !copy->broken)
			take_piece(copy, (struct str){piece, (size_t)bytes});
		PQfreemem(piece);
		if (!copy->wanted && conn->renew)
			return false;
	}
	return true;
}

static bool read_results(struct copy *copy)
{
	PGresult *result;

	for (;;) {
		ExecStatusType status;
		bool good = true;

		if (!conn_comes_in_time(copy->conn))
			return false;
		result = PQgetResult(copy->conn->pg);
		if (!result)
			return true;
		status = PQresultStatus(result);
		if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)
			conn_take_error(copy->conn, copy->statement, result);
		PQclear(result);
		if (status == PGRES_COPY_OUT)
			good = read_pieces(copy);
		if (!good || conn_lost(copy->conn))
			return false;
	}
}

enum error conn_copy(struct conn *conn, enum statement statement,
	bool (*row)(void *self, struct str row), void *self)
{
	struct copy copy = {
		.conn = conn, .statement = statement, .row = row, .self = self, .wanted = true};

	if (conn->failure)
		return conn->failure;
	if (!conn->pg || PQexitPipelineMode(conn->pg) != 1 ||
		PQsendQueryParams(conn->pg, statement_infos[statement].sql, 0, NULL, NULL, NULL,
			NULL, 1) != 1 ||
		!read_results(&copy) || PQenterPipelineMode(conn->pg) != 1)
		return conn_lose(conn);
	if (copy.broken && !conn->failure)
		return ERR_DATABASE;
	return conn->failure;
}
