/*
 * Tokens, their revocations, and what operators' tokens were granted in other workspaces.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/wire.h"

static void read_token(struct cells *cells, struct token_row *out)
{
	out->workspace = cell_uuid(cells);
	out->id = cell_uuid(cells);
	out->revision = cell_int8(cells);
	if (!cell_sha256(cells, &out->secret_sha256))
		cells->failed = true;
	out->label = cell_text(cells);
	cell_text_array(cells, &out->roles, &out->role_count);
	cell_text_array(cells, &out->sources, &out->source_count);
	out->created_by = cell_text(cells);
	out->created_us = cell_time(cells);
	out->expires_us = cell_time(cells);
	out->revoked_us = cell_time(cells);
	out->actor_kind = cell_text(cells);
	out->person = cell_text(cells);
}

static void read_grant(struct cells *cells, struct grant_row *out)
{
	out->workspace = cell_uuid(cells);
	out->token_id = cell_uuid(cells);
	out->revision = cell_int8(cells);
	cell_text_array(cells, &out->roles, &out->role_count);
	cell_text_array(cells, &out->sources, &out->source_count);
	out->expires_us = cell_time(cells);
}

static enum error tokens_run(struct conn *conn, enum statement statement,
	const struct params *params, struct arena *arena, struct token_row **out, size_t *count)
{
	struct token_row *tokens;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	err = conn_run(conn, statement, params, &result);
	if (err)
		return err;
	tokens = arena_array(arena, (size_t)PQntuples(result), sizeof *tokens);
	if (!tokens)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		read_token(&cells, &tokens[i]);
		err = cells_error(&cells);
	}
	if (!err) {
		*out = tokens;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}

static enum error grants_run(struct conn *conn, enum statement statement,
	const struct params *params, struct arena *arena, struct grant_row **out, size_t *count)
{
	struct grant_row *grants;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	err = conn_run(conn, statement, params, &result);
	if (err)
		return err;
	grants = arena_array(arena, (size_t)PQntuples(result), sizeof *grants);
	if (!grants)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		read_grant(&cells, &grants[i]);
		err = cells_error(&cells);
	}
	if (!err) {
		*out = grants;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}

/* The one token of a result; ERR_NOT_FOUND. */
static enum error token_run(struct conn *conn, enum statement statement,
	const struct params *params, struct arena *arena, struct token_row *out)
{
	struct token_row *tokens;
	size_t count;
	enum error err = tokens_run(conn, statement, params, arena, &tokens, &count);

	if (err)
		return err;
	if (count == 0)
		return ERR_NOT_FOUND;
	*out = tokens[0];
	return ERR_OK;
}

enum error tokens_by_secret(struct conn *conn, const struct sha256 *hashes, size_t count,
	struct arena *arena, struct token_row **out, size_t *found)
{
	struct params params = PARAMS_INIT;
	struct buf array = BUF_INIT;
	enum error err = ERR_NO_MEMORY;

	wire_bytea_array(&array, hashes, sizeof *hashes, count);
	if (!array.failed) {
		params_bytes(&params, array.data, array.len);
		err = tokens_run(conn, STMT_TOKENS_BY_SECRET, &params, arena, out, found);
	}
	buf_release(&array);
	return err;
}

enum error grants_of_tokens(struct conn *conn, const struct uuid *token_ids, size_t count,
	struct arena *arena, struct grant_row **out, size_t *found)
{
	struct params params = PARAMS_INIT;
	struct buf array = BUF_INIT;
	enum error err = ERR_NO_MEMORY;

	wire_uuid_array(&array, token_ids, count);
	if (!array.failed) {
		params_bytes(&params, array.data, array.len);
		err = grants_run(conn, STMT_GRANTS_OF_TOKENS, &params, arena, out, found);
	}
	buf_release(&array);
	return err;
}

enum error token_read(struct conn *conn, const struct uuid *workspace, const struct uuid *id,
	struct arena *arena, struct token_row *out)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_uuid(&params, id);
	return token_run(conn, STMT_TOKEN_READ, &params, arena, out);
}

enum error token_find(
	struct conn *conn, const struct uuid *id, struct arena *arena, struct token_row *out)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, id);
	return token_run(conn, STMT_TOKEN_FIND, &params, arena, out);
}

enum error tokens_list(struct conn *conn, const struct uuid *workspace, const struct uuid *after,
	size_t limit, struct arena *arena, struct token_row **out, size_t *count)
{
	static const struct uuid smallest;
	struct params params = PARAMS_INIT;
	enum error err;

	params_uuid(&params, workspace);
	params_uuid(&params, after ? after : &smallest);
	params_int8(&params, limit > INT32_MAX ? INT32_MAX : (int64_t)limit);
	err = tokens_run(conn, STMT_TOKENS_LIST, &params, arena, out, count);
	/* A listing has no use for what a token is verified by. */
	for (size_t i = 0; i < *count; i++)
		(*out)[i].secret_sha256 = (struct sha256){0};
	return err;
}

enum error grants_list(struct conn *conn, const struct uuid *workspace, struct arena *arena,
	struct grant_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	return grants_run(conn, STMT_GRANTS_LIST, &params, arena, out, count);
}

enum error token_kinds(struct conn *conn, const struct uuid *ids, size_t count, struct arena *arena,
	struct token_kind_row **out, size_t *found)
{
	struct params params = PARAMS_INIT;
	struct buf array = BUF_INIT;
	PGresult *result = NULL;
	enum error err = ERR_NO_MEMORY;

	*found = 0;
	wire_uuid_array(&array, ids, count);
	if (!array.failed) {
		params_bytes(&params, array.data, array.len);
		err = conn_run(conn, STMT_TOKEN_KINDS, &params, &result);
	}
	buf_release(&array);
	if (err)
		return err;
	*out = arena_array(arena, (size_t)PQntuples(result), sizeof **out);
	if (!*out)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		(*out)[i].id = cell_uuid(&cells);
		(*out)[i].actor_kind = cell_text(&cells);
		err = cells_error(&cells);
	}
	if (!err)
		*found = (size_t)PQntuples(result);
	PQclear(result);
	return err;
}

/* A token without a row is a service's: what is the same for all is not written for each. */
static enum error token_actor_append(struct change *change, const struct token_row *token)
{
	struct rows *rows;

	if (!token->actor_kind.ptr)
		return ERR_OK;
	rows = change_rows(change, HISTORY_token_actors);
	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &token->id);
	row_int8(rows, change->revision);
	row_text(rows, token->actor_kind);
	row_text(rows, token->person);
	row_end(rows);
	return ERR_OK;
}

enum error token_append(struct change *change, const struct token_row *token)
{
	struct rows *rows = change_rows(change, HISTORY_tokens);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &token->id);
	row_int8(rows, change->revision);
	row_bytes(rows, (struct str){(const char *)token->secret_sha256.bytes, SHA256_BYTES});
	row_text(rows, token->label);
	row_text_array(rows, token->roles, token->role_count);
	row_text_array(rows, token->sources, token->source_count);
	row_text(rows, token->created_by);
	row_time(rows, token->created_us);
	row_time(rows, token->expires_us);
	row_end(rows);
	return token_actor_append(change, token);
}

enum error token_revoke_append(struct change *change, const struct uuid *id)
{
	struct rows *rows = change_rows(change, HISTORY_token_revocations);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, id);
	row_int8(rows, change->revision);
	row_time(rows, change->at_us);
	row_end(rows);
	return ERR_OK;
}

enum error grant_append(struct change *change, const struct grant_row *grant)
{
	struct rows *rows = change_rows(change, HISTORY_grants);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &grant->token_id);
	row_int8(rows, change->revision);
	row_text_array(rows, grant->roles, grant->role_count);
	row_text_array(rows, grant->sources, grant->source_count);
	row_time(rows, grant->expires_us);
	row_end(rows);
	return ERR_OK;
}

enum error tokens_count_with_role(struct conn *conn, const struct uuid *workspace, const char *role,
	int64_t now_us, int64_t *out)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_uuid(&params, workspace);
	params_text(&params, str_from(role));
	params_time(&params, now_us);
	err = conn_run(conn, STMT_TOKENS_COUNT_WITH_ROLE, &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	*out = cell_int8(&cells);
	PQclear(result);
	return cells_error(&cells);
}
