/*
 * What proves the audit log to others: signed checkpoints of its Merkle tree, and the proofs that a
 * record is in it and that one tree is the beginning of another (docs/proof.md). The same for a
 * workspace and for the system's own log.
 */
#include <stdio.h>

#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/audit_tree.h"
#include "service/checkpoints.h"

static void put_hash(struct json_writer *json, const char *key, const struct sha256 *hash)
{
	char hex[SHA256_HEX_SIZE];

	json_put(json, key, text, sha256_to_hex(hash, hex));
}

/* ---- checkpoints ---- */

static void write_checkpoint(struct json_writer *json, const struct checkpoint_row *row)
{
	json_object_begin(json);
	json_put(json, "size", int, row->size);
	put_hash(json, "root", &row->root);
	json_put(json, "made_at", time, row->made_us);
	json_put(json, "note", str, row->note);
	json_object_end(json);
}

/* ?format=note: the signed text itself. */
static enum error read_format(struct request *request, bool *note)
{
	struct str format = request_query(request, "format");

	*note = format.ptr && str_is(format, "note");
	if (!format.ptr || *note || str_is(format, "json"))
		return ERR_OK;
	diag_add(&request->diag, "/query/format", "The format is json or note.");
	return ERR_INVALID;
}

static enum error newest(struct request *request, struct response *response)
{
	static const char *const known[] = {"format", "min_revision", NULL};
	struct call call = call_of(request);
	struct checkpoint_row row;
	struct json_writer json;
	int64_t revision;
	bool note;
	enum error error = request_query_only(request, known);

	if (!error)
		error = read_format(request, &note);
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = checkpoint_newest(&call, &row, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	response_header(response, request, "Cache-Control", "no-store");
	if (note) {
		response->content_type = "text/plain; charset=utf-8";
		buf_str(&response->body, row.note);
		return response_done(response);
	}
	json_writer_init(&json, &response->body);
	write_checkpoint(&json, &row);
	return response_done(response);
}

static enum error list(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "cursor", "min_revision", NULL};
	struct call call = call_of(request);
	struct checkpoint_row *rows;
	struct json_writer json;
	int64_t before, revision;
	size_t limit, count;
	char last[24];
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &limit);
	if (!error)
		error = query_before(request, STR(""), &before);
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = checkpoint_list(&call, before, limit, &rows, &count, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "checkpoints");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++)
		write_checkpoint(&json, &rows[i]);
	json_array_end(&json);
	if (count == limit) {
		snprintf(last, sizeof last, "%lld", (long long)rows[count - 1].size);
		write_next(&json, request, STR(""), str_from(last));
	}
	json_object_end(&json);
	return response_done(response);
}

/* ---- proofs ---- */

static void write_proof(struct json_writer *json, const struct merkle_proof *proof)
{
	char hex[SHA256_HEX_SIZE];

	json_key(json, "hashes");
	json_array_begin(json);
	for (size_t i = 0; i < proof->count; i++)
		json_text(json, sha256_to_hex(&proof->hashes[i], hex));
	json_array_end(json);
}

/* A position in the log; 0 where it may be left out and is. */
static enum error read_position(
	struct request *request, const char *name, bool needed, int64_t *out)
{
	char pointer[32];
	enum error error = request_query_int(request, name, 1, INT64_MAX, 0, out);

	if (error || *out > 0 || !needed)
		return error;
	snprintf(pointer, sizeof pointer, "/query/%s", name);
	diag_add(&request->diag, pointer, "It is needed.");
	return ERR_INVALID;
}

static enum error inclusion(struct request *request, struct response *response)
{
	static const char *const known[] = {"revision", "size", "min_revision", NULL};
	struct call call = call_of(request);
	struct audit_inclusion proof;
	struct json_writer json;
	int64_t revision, size;
	enum error error = request_query_only(request, known);

	if (!error)
		error = read_position(request, "revision", true, &revision);
	if (!error)
		error = read_position(request, "size", false, &size);
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = audit_inclusion(&call, revision, size, &proof);
	if (error)
		return error;
	response_revision(response, request, proof.head);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_put(&json, "revision", int, proof.revision);
	json_put(&json, "size", int, proof.size);
	put_hash(&json, "record", &proof.record);
	put_hash(&json, "root", &proof.root);
	write_proof(&json, &proof.proof);
	json_object_end(&json);
	return response_done(response);
}

static enum error consistency(struct request *request, struct response *response)
{
	static const char *const known[] = {"from", "to", "min_revision", NULL};
	struct call call = call_of(request);
	struct audit_consistency proof;
	struct json_writer json;
	int64_t from, to;
	enum error error = request_query_only(request, known);

	if (!error)
		error = read_position(request, "from", true, &from);
	if (!error)
		error = read_position(request, "to", false, &to);
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = audit_consistency(&call, from, to, &proof);
	if (error)
		return error;
	response_revision(response, request, proof.head);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_put(&json, "from", int, proof.from);
	json_put(&json, "to", int, proof.to);
	put_hash(&json, "from_root", &proof.from_root);
	put_hash(&json, "to_root", &proof.to_root);
	write_proof(&json, &proof.proof);
	json_object_end(&json);
	return response_done(response);
}

#define SYSTEM_ROUTE(suffix, handler)                                                              \
	{                                                                                          \
		.method = "GET", .path = "/v1/audit/" suffix, .roles = ROLE_OPERATOR,              \
		.flags = ROUTE_SYSTEM, .handle = handler,                                          \
	}
#define WORKSPACE_ROUTE(suffix, handler)                                                           \
	{                                                                                          \
		.method = "GET", .path = "/v1/workspaces/{ws}/audit/" suffix,                      \
		.roles = ROLE_AUDITOR | ROLE_ADMIN, .handle = handler,                             \
	}

static const struct route routes[] = {
	SYSTEM_ROUTE("checkpoint", newest),
	SYSTEM_ROUTE("checkpoints", list),
	SYSTEM_ROUTE("proofs/inclusion", inclusion),
	SYSTEM_ROUTE("proofs/consistency", consistency),
	WORKSPACE_ROUTE("checkpoint", newest),
	WORKSPACE_ROUTE("checkpoints", list),
	WORKSPACE_ROUTE("proofs/inclusion", inclusion),
	WORKSPACE_ROUTE("proofs/consistency", consistency),
};
const struct route_table audit_proof_routes = {routes, sizeof routes / sizeof *routes};
