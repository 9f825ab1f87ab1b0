/*
 * An evidence bundle, from what was asked to its signature. Everything but the verdict on the whole log lies
 * behind the span's last revision and never changes again; what is read by several snapshots is the same in each.
 */
#include "service/evidence.h"

#include <stdlib.h>

#include "service/catalogs.h"
#include "service/evidence_parts.h"
#include "service/reading.h"
#include "service/recall.h"
#include "winnow/version.h"

enum error evidence_check_size(const struct evidence_making *making)
{
	struct diag *diag = making->call->diag;
	int64_t records = (int64_t)making->earlier_count + making->last - making->first + 1;

	if (making->out->failed)
		return ERR_NO_MEMORY;
	if (making->item_count > EVIDENCE_ITEMS_MAX)
		diag_add(diag, "", "The bundle would be about more than %d items.",
			EVIDENCE_ITEMS_MAX);
	else if (records > EVIDENCE_RECORDS_MAX)
		diag_add(diag, "", "The bundle would have %lld records, more than %d.",
			(long long)records, EVIDENCE_RECORDS_MAX);
	else if (making->out->len - making->begin > EVIDENCE_BYTES_MAX)
		diag_add(diag, "", "The bundle would be larger than %d MiB.",
			EVIDENCE_BYTES_MAX >> 20);
	else
		return ERR_OK;
	return ERR_BUDGET;
}

/* ---- what it is about ---- */

static enum error refuse(
	const struct call *call, enum error error, const char *pointer, const char *sentence)
{
	diag_add(call->diag, pointer, "%s", sentence);
	return error;
}

static enum error find_checkpoint(struct evidence_making *making, struct conn *conn)
{
	const struct call *call = making->call;
	int64_t size = making->request->checkpoint;
	struct checkpoint_row *rows;
	size_t count;
	enum error error = checkpoints_newest(conn, &call->workspace,
		size > 0 && size < INT64_MAX ? size + 1 : INT64_MAX, 1, call->arena, &rows, &count);

	if (error)
		return error;
	if (size > 0 && (count == 0 || rows[0].size != size))
		return refuse(call, ERR_INVALID, "/query/checkpoint",
			"There is no checkpoint of this size.");
	if (count == 0)
		return refuse(call, ERR_CONFLICT, "",
			"No checkpoint has been made of this log: there is nothing to prove a "
			"bundle "
			"by.");
	making->checkpoint = rows[0];
	return ERR_OK;
}

static enum error find_span(struct evidence_making *making, struct conn *conn)
{
	const struct evidence_request *request = making->request;
	const struct call *call = making->call;
	enum error error = audit_span(conn, &call->workspace,
		request->from_us == TIME_NONE ? 0 : request->from_us, request->to_us,
		&making->first, &making->last);

	if (error)
		return error;
	if (request->to_us == TIME_NONE && making->last > making->checkpoint.size)
		making->last = making->checkpoint.size;
	if (making->first == 0 || making->last < making->first)
		return refuse(call, ERR_INVALID, "/query/from",
			"The log has no record in this span that a checkpoint covers.");
	if (making->last > making->checkpoint.size) {
		diag_add(call->diag, "",
			"The span ends with revision %lld, the checkpoint with %lld. Wait for the "
			"next one, or ask for an earlier end.",
			(long long)making->last, (long long)making->checkpoint.size);
		return ERR_CONFLICT;
	}
	return evidence_check_size(making);
}

/* Who asks for a time that was retired must not take the rest of it for all. */
static enum error check_reach(const struct evidence_making *making, const struct reading *reading)
{
	int64_t retired_us;
	enum error error;

	if (reading->head.retired == 0 || making->request->from_us == TIME_NONE)
		return ERR_OK;
	error = record_time(
		reading->conn, &making->call->workspace, reading->head.retired, &retired_us);
	if (error || making->request->from_us > retired_us)
		return error;
	return reading_reaches(reading, 0);
}

/* The place of the category among the feature's. */
static enum error find_category(
	const struct evidence_making *making, struct evidence_filter *filter)
{
	const struct feature_definition *feature =
		catalog_live_feature(making->catalog, STR(RISK_CATEGORY_FEATURE));
	struct str category = making->request->category;

	if (!category.ptr)
		return ERR_OK;
	for (size_t i = 0; feature && i < feature->category_count; i++) {
		if (!str_eq(feature->categories[i], category))
			continue;
		filter->feature = feature->id;
		filter->value = (int)i;
		return ERR_OK;
	}
	return refuse(making->call, ERR_INVALID, "/query/risk_category",
		"The feature " RISK_CATEGORY_FEATURE " has no such category.");
}

static enum error find_items(struct evidence_making *making, struct conn *conn)
{
	struct evidence_filter filter = {
		.first = making->first,
		.last = making->last,
		.label = making->request->tag,
		.feature = -1,
		.limit = EVIDENCE_ITEMS_MAX + 1,
	};
	enum error error = find_category(making, &filter);

	if (!error)
		error = evidence_items(conn, &making->call->workspace, &filter, making->call->arena,
			&making->items, &making->item_count);
	for (size_t i = 0; !error && i < making->item_count; i++) {
		if (!uuid_map_put(&making->item_places, &making->items[i].id, (uint32_t)i))
			error = ERR_NO_MEMORY;
	}
	return error ? error : evidence_check_size(making);
}

static enum error load_documents(struct evidence_making *making, struct conn *conn)
{
	const struct call *call = making->call;
	enum error error = documents_load(conn, &call->workspace, making->last, call->arena,
		&making->documents, &making->document_count);

	if (error)
		return error;
	making->named = arena_array(call->arena, making->document_count, sizeof *making->named);
	if (!making->named)
		return ERR_BUDGET;
	for (size_t i = 0; i < making->document_count; i++) {
		struct str kind = making->documents[i].kind;

		if (str_is(kind, "alias") || str_is(kind, "policy_alias"))
			making->named[i] = evidence_alias_version(making->documents[i].body);
	}
	return catalog_build(making->documents, making->document_count, &making->catalog);
}

/* When the record of a revision was made; of one that is not there yet, now. */
static enum error read_time(
	struct evidence_making *making, struct conn *conn, int64_t revision, int64_t *out)
{
	struct audit_record *records;
	size_t count;
	enum error error = audit_list(conn, &making->call->workspace, revision - 1, 1, NULL,
		making->call->arena, &records, &count);

	if (error)
		return error;
	*out = count ? records[0].at_us : making->head.at_us + 1;
	return ERR_OK;
}

static enum error find_all(struct evidence_making *making)
{
	struct reading reading;
	enum error error = reading_begin(making->call, &reading);

	if (error)
		return error;
	making->head = reading.head;
	error = check_reach(making, &reading);
	if (!error)
		error = find_checkpoint(making, reading.conn);
	if (!error)
		error = find_span(making, reading.conn);
	if (!error)
		error = load_documents(making, reading.conn);
	if (!error)
		error = find_items(making, reading.conn);
	if (!error)
		error = evidence_find_earlier(making, reading.conn);
	if (!error)
		error = read_time(making, reading.conn, making->first, &making->span_us[0]);
	if (!error)
		error = read_time(making, reading.conn, making->last + 1, &making->span_us[1]);
	reading_end(&reading);
	return error;
}

/* ---- what others compute ---- */

/* NULL: the workspace could not be ranked then. */
static enum error recall(const struct call *call, int64_t revision, struct ranking **out)
{
	struct recalled recalled;
	char id[RANKING_ID_SIZE];
	int64_t as_of_us;
	enum error error;

	*out = NULL;
	if (revision < 1)
		return ERR_OK;
	error = ranking_time_of(call, revision, &as_of_us);
	if (error)
		return error;
	ranking_id_text(revision, as_of_us, id);
	error = ranking_recall(call, str_from(id), false, &recalled);
	if (error == ERR_NOT_FOUND)
		return ERR_OK;
	if (!error)
		*out = recalled.ranking;
	return error;
}

static enum error ask_others(struct evidence_making *making)
{
	const struct call *call = making->call;
	int64_t from_us = making->span_us[0], to_us = making->span_us[1];
	const struct override_span before = {
		from_us - (to_us - from_us), from_us, making->head.at_us};
	const struct override_span during = {from_us, to_us, making->head.at_us};
	const struct audit_expected expected = {
		.checkpoint = {making->checkpoint.size, making->checkpoint.root}};
	enum error error = recall(call, making->first - 1, &making->start);

	if (!error)
		error = recall(call, making->last, &making->end);
	if (!error)
		error = override_report(call, &before, &making->before);
	if (!error)
		error = override_report(call, &during, &making->during);
	return error ? error : audit_verify(call, &expected, &making->verdict);
}

/* ---- writing ---- */

static void put_end(struct json_writer *json, const char *key, int64_t revision, int64_t at_us)
{
	json_key(json, key);
	json_object_begin(json);
	json_put(json, "revision", int, revision);
	json_put(json, "at", time, at_us);
	json_object_end(json);
}

/* Of each table whose rows are shown, its columns: what a row's bytes are made of. */
static void put_tables(struct json_writer *json)
{
	json_key(json, "tables");
	json_object_begin(json);
	for (size_t i = 0; i < evidence_table_count; i++) {
		json_key(json, evidence_tables[i].name);
		json_array_begin(json);
		for (size_t k = 0; k < evidence_tables[i].column_count; k++) {
			json_array_begin(json);
			json_text(json, evidence_tables[i].columns[k].name);
			json_text(json, column_type_name(evidence_tables[i].columns[k].type));
			json_array_end(json);
		}
		json_array_end(json);
	}
	json_object_end(json);
}

static void write_header(const struct evidence_making *making)
{
	const struct evidence_request *request = making->request;
	struct json_writer json;

	evidence_line_begin(&json, making->out, EVIDENCE_HEADER);
	json_put(&json, "schema", text, EVIDENCE_SCHEMA);
	json_put(&json, "engine", text, WINNOW_VERSION);
	json_put(&json, "workspace", uuid, &making->call->workspace);
	json_put(&json, "tag", str, request->tag);
	json_put(&json, "risk_category", str, request->category);
	put_end(&json, "from", making->first, making->span_us[0]);
	json_key(&json, "to");
	json_object_begin(&json);
	json_put(&json, "revision", int, making->last);
	json_object_end(&json);
	json_put(&json, "checkpoint", int, making->checkpoint.size);
	put_end(&json, "head", making->head.revision, making->head.at_us);
	if (making->head.retired > 0)
		json_put(&json, "first_revision", int, making->head.retired + 1);
	json_put(&json, "items", int, (int64_t)making->item_count);
	put_tables(&json);
	evidence_line_end(&json);
}

static void write_proof(const struct evidence_making *making)
{
	const struct audit_verdict *verdict = &making->verdict;
	struct json_writer json;
	char head[96];

	evidence_line_begin(&json, making->out, EVIDENCE_CHECKPOINT);
	json_put(&json, "note", str, making->checkpoint.note);
	evidence_line_end(&json);
	evidence_line_begin(&json, making->out, EVIDENCE_VERIFICATION);
	json_put(&json, "ok", bool, verdict->fault == AUDIT_OK);
	json_put(&json, "records", int, verdict->records);
	if (verdict->retired > 0)
		json_put(&json, "first_revision", int, verdict->retired + 1);
	json_put(&json, "head", text,
		audit_head_format(verdict->head_revision, &verdict->head_hash, head));
	if (verdict->fault != AUDIT_OK) {
		json_put(&json, "fault", text, audit_fault_slug(verdict->fault));
		json_put(&json, "revision", int, verdict->revision);
		json_put(&json, "detail", text, verdict->detail);
	}
	evidence_line_end(&json);
}

/* Which kind of actor stands behind each id of the log: none is counted. */
static enum error write_actors(struct evidence_making *making)
{
	struct audit_record *records =
		arena_array(making->call->arena, making->actor_count, sizeof *records);
	enum error error;

	if (!records)
		return ERR_BUDGET;
	for (size_t i = 0; i < making->actor_count; i++)
		records[i].actor = making->actors[i];
	error = audit_fill_kinds(making->call, records, making->actor_count);
	for (size_t i = 0; !error && i < making->actor_count; i++) {
		struct json_writer json;

		evidence_line_begin(&json, making->out, EVIDENCE_ACTORS);
		json_put(&json, "actor", str, records[i].actor);
		json_put(&json, "kind", str, records[i].actor_kind);
		evidence_line_end(&json);
	}
	return error;
}

static enum error write_rows(struct evidence_making *making)
{
	struct reading reading;
	enum error error = reading_begin(making->call, &reading);

	if (error)
		return error;
	/* Retired since it was looked at: the next attempt sees all of that. */
	if (reading.head.retired != making->head.retired)
		error = ERR_CONTENTION;
	if (!error)
		error = evidence_write_records(making, reading.conn);
	if (!error)
		error = evidence_write_texts(making, reading.conn);
	if (!error)
		error = evidence_write_items(making, reading.conn);
	reading_end(&reading);
	return error;
}

static enum error write_all(struct evidence_making *making, const struct note_signer *signer)
{
	enum error error;

	write_header(making);
	write_proof(making);
	evidence_write_articles(making->out);
	error = write_rows(making);
	if (!error)
		error = evidence_write_models(making);
	if (!error)
		error = evidence_write_drift(making);
	if (!error)
		error = write_actors(making);
	if (!error)
		error = evidence_check_size(making);
	if (error)
		return error;
	return evidence_seal(making->out, making->begin, signer, &making->call->workspace)
		       ? ERR_OK
		       : ERR_NO_MEMORY;
}

static void release(struct evidence_making *making)
{
	ranking_unref(making->start);
	ranking_unref(making->end);
	catalog_unref(making->catalog);
	uuid_map_release(&making->item_places);
	uuid_map_release(&making->decisions);
	str_map_release(&making->actor_places);
	free(making->earlier);
	free(making->marks);
	free(making->refs);
	free(making->actors);
}

enum error evidence_make(const struct call *call, const struct evidence_request *request,
	struct buf *out, int64_t *head)
{
	struct evidence_making making = {
		.call = call, .request = request, .out = out, .begin = out->len};
	enum error error;

	if (!call->service->checkpoints)
		return refuse(call, ERR_CONFLICT, "",
			"This daemon has no key: it makes no checkpoints and signs no evidence.");
	error = find_all(&making);
	if (!error)
		error = ask_others(&making);
	if (!error)
		error = write_all(&making, &call->service->checkpoints->signer);
	*head = making.head.revision;
	release(&making);
	return error;
}
