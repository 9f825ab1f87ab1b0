/*
 * What may go is asked here, so that whoever runs it hears why not; the database's function asks the same again, in
 * the transaction that removes.
 */
#include "service/retirement.h"

#include <stdio.h>

#include "codec/json_writer.h"
#include "service/audit.h"
#include "service/audit_kept.h"
#include "service/reading.h"
#include "store/aggregates.h"

#define US_PER_DAY (86400 * (int64_t)US_PER_S)

static enum error refuse(const struct call *call, const char *why)
{
	diag_add(call->diag, "", "%s", why);
	return ERR_CONFLICT;
}

static enum error check_age(const struct reading *reading, int64_t size)
{
	const struct call *call = reading->call;
	int64_t days, at_us;
	enum error error = retention_days(reading->conn, &call->workspace, &days);

	if (!error && days == 0)
		return refuse(call, "The workspace's settings keep its log for ever "
				    "(retention_days).");
	if (!error)
		error = record_time(reading->conn, &call->workspace, size, &at_us);
	if (error)
		return error;
	if (at_us <= clock_now_us(call->service->clock) - days * US_PER_DAY)
		return ERR_OK;
	diag_add(call->diag, "", "Revision %lld is younger than %lld days.", (long long)size,
		(long long)days);
	return ERR_CONFLICT;
}

static enum error hash_of(const struct reading *reading, int64_t revision, struct sha256 *out)
{
	size_t count;
	enum error error;

	*out = (struct sha256){0};
	if (revision == 0)
		return ERR_OK;
	error = audit_hashes(
		reading->conn, &reading->call->workspace, revision - 1, revision, out, 1, &count);
	return error || count == 1 ? error : ERR_DATABASE;
}

/* The signed text is of this log, and says what the row's columns say. */
static bool speaks_of(struct str text, const struct checkpoint_row *row, const char *name,
	const struct uuid *workspace)
{
	struct buf origin = BUF_INIT;
	struct checkpoint checkpoint;
	bool good;

	checkpoint_origin(&origin, name, workspace);
	good = !origin.failed && checkpoint_parse(text, &checkpoint) &&
	       str_eq(checkpoint.origin, buf_view(&origin)) && checkpoint.size == row->size &&
	       sha256_same(&checkpoint.root, &row->root);
	buf_release(&origin);
	return good;
}

/* A row of the database is anybody's word who can write there. */
static enum error check_signature(
	const struct call *call, const struct checkpoint_row *row, const struct note_verifier *key)
{
	struct str text;
	enum note_state state = note_open(row->note, key, &text);

	if (state == NOTE_GOOD && speaks_of(text, row, key->name, &call->workspace))
		return ERR_OK;
	diag_add(call->diag, "", "The checkpoint of %lld records is not to be trusted: %s",
		(long long)row->size,
		state ? note_state_text(state) : "What is signed is another one.");
	return ERR_CONFLICT;
}

static enum error plan_in(const struct reading *reading, int64_t size,
	const struct note_verifier *key, struct retirement *out)
{
	const struct call *call = reading->call;
	struct checkpoint_row *checkpoint;
	size_t count;
	enum error error;

	*out = (struct retirement){
		.first_revision = reading->head.retired + 1, .size = size, .signer = key};
	if (size <= reading->head.retired)
		return refuse(call, "The log up to there is retired already.");
	error = checkpoints_newest(
		reading->conn, &call->workspace, size + 1, 1, call->arena, &checkpoint, &count);
	if (error)
		return error;
	if (count == 0 || checkpoint->size != size)
		return refuse(call, "There is no signed checkpoint of that many records.");
	out->root = checkpoint->root;
	error = key ? check_signature(call, checkpoint, key) : ERR_OK;
	if (!error)
		error = check_age(reading, size);
	if (!error)
		error = hash_of(reading, out->first_revision - 1, &out->before);
	return error ? error : hash_of(reading, size, &out->last);
}

/* What does not hold is not removed: it is evidence. */
static enum error check_log(const struct call *call, const struct retirement *retirement)
{
	const struct audit_expected expected = {.checkpoint = {retirement->size, retirement->root}};
	struct audit_verdict verdict;
	enum error error = audit_verify(call, &expected, &verdict);

	if (error || !verdict.fault)
		return error;
	diag_add(call->diag, "", "The log does not hold at revision %lld: %s",
		(long long)verdict.revision, verdict.detail);
	return ERR_CONFLICT;
}

enum error retirement_plan(const struct call *call, int64_t size, const struct note_verifier *key,
	struct retirement *out)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	error = plan_in(&reading, size, key, out);
	reading_end(&reading);
	return error ? error : check_log(call, out);
}

/* ---- removing ---- */

struct carrying {
	const struct retirement *retirement;
	struct sha256 export_sha256;
};

static void put_hash(struct json_writer *json, const char *key, const struct sha256 *hash)
{
	char hex[SHA256_HEX_SIZE];

	json_put(json, key, text, sha256_to_hex(hash, hex));
}

/* Whose signature was found to hold; null: none was looked at. */
static void put_signer(struct json_writer *json, const struct note_verifier *signer)
{
	char name[NOTE_NAME_MAX + sizeof "+00000000"];

	if (signer)
		snprintf(name, sizeof name, "%s+%08x", signer->name, (unsigned)signer->id);
	json_put(json, "signed_by", text, signer ? name : NULL);
}

/* Canonical: keys in byte order. */
static enum error finish(
	struct write *write, const struct retirement_row *row, const struct note_verifier *signer)
{
	struct buf detail = BUF_INIT;
	struct json_writer json;
	enum error error;

	json_writer_init(&json, &detail);
	json_object_begin(&json);
	put_hash(&json, "export_sha256", &row->export_sha256);
	json_put(&json, "first_revision", int, row->first_revision);
	put_hash(&json, "kept_sha256", &row->kept_sha256);
	json_put(&json, "last_revision", int, row->size);
	put_hash(&json, "root", &row->root);
	put_signer(&json, signer);
	json_put(&json, "size", int, row->size);
	json_object_end(&json);
	error = detail.failed ? ERR_NO_MEMORY
			      : write_finish(write, "audit.retire", "", buf_view(&detail));
	buf_release(&detail);
	return error;
}

/* With the lock: another step may have ended since this one was planned. */
static enum error check_first(struct write *write, const struct retirement *retirement)
{
	struct retirement_row newest;
	enum error error = retirement_newest(tx_conn(write->tx), &write->call->workspace, &newest);

	if (error || newest.size + 1 == retirement->first_revision)
		return error;
	diag_add(write->call->diag, "",
		"Another step has meanwhile retired the log up to revision %lld.",
		(long long)newest.size);
	return ERR_CONFLICT;
}

/* The digest is over what is left, so the rows go first. */
static enum error carry_out(struct write *write, void *arg)
{
	const struct carrying *carrying = arg;
	const struct retirement *retirement = carrying->retirement;
	struct retirement_row row = {
		.first_revision = retirement->first_revision,
		.size = retirement->size,
		.root = retirement->root,
		.record_hash = retirement->last,
		.export_sha256 = carrying->export_sha256,
		.retired_us = write->change.at_us,
	};
	enum error error = check_first(write, retirement);

	if (!error)
		error = retirement_remove(&write->change, row.size);
	if (!error)
		error = audit_kept_digest(tx_conn(write->tx), &write->call->workspace, row.size,
			&row.kept_rows, &row.kept_sha256);
	if (!error)
		error = retirement_append(&write->change, &row);
	return error ? error : finish(write, &row, retirement->signer);
}

enum error retirement_carry_out(const struct call *call, const struct retirement *retirement,
	const struct sha256 *export_sha256, struct written *written)
{
	struct carrying carrying = {retirement, *export_sha256};

	return write_run(call, &call->workspace, carry_out, &carrying, written);
}
