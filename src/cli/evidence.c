/*
 * winnow evidence: what was decided about some items in a span of time, with what proves it; and checking such a
 * bundle without the server.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit_parts.h"
#include "cli/download.h"
#include "cli/progress.h"
#include "cli/url.h"
#include "codec/evidence_check.h"
#include "codec/json_writer.h"

enum { MAKE_TIMEOUT_S = 3600, DATE_LENGTH = 10 };

/* ---- making ---- */

struct make_values {
	const char *tag, *category, *from, *to, *output;
	int64_t checkpoint;
};

#define FIELD(name) offsetof(struct make_values, name)

static const struct arg_spec make_options[] = {
	{"tag", 't', ARG_TEXT, "LABEL", 0, 0, FIELD(tag), "of items with this label"},
	{"risk-category", 0, ARG_TEXT, "WORD", 0, 0, FIELD(category),
		"of items of this risk category"},
	{"from", 0, ARG_TEXT, "TIME", 0, 0, FIELD(from),
		"what was recorded from then on; a date is its first moment (UTC)"},
	{"to", 0, ARG_TEXT, "TIME", 0, 0, FIELD(to),
		"and before then; without it up to the checkpoint"},
	{"checkpoint", 'c', ARG_INT, "SIZE", 1, INT64_MAX, FIELD(checkpoint),
		"prove by the checkpoint of this size, not by the newest"},
	{"output", 'o', ARG_TEXT, "FILE", 0, 0, FIELD(output),
		"where to; standard output unless given"},
};

/* A date alone is its first moment. */
static void put_time(struct buf *path, const char *key, const char *text)
{
	char whole[DATE_LENGTH + sizeof "T00:00:00Z"];

	if (!text)
		return;
	snprintf(whole, sizeof whole, "%.10sT00:00:00Z", text);
	url_query(path, key, str_from(strlen(text) == DATE_LENGTH ? whole : text));
}

static enum cli_exit run_make(struct cli *cli, const void *given, const struct words *words)
{
	const struct make_values *values = given;
	struct http_request request = {.method = "GET", .timeout_s = MAKE_TIMEOUT_S};
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/evidence");

	(void)words;
	if (values->tag)
		url_query(&path, "tag", str_from(values->tag));
	if (values->category)
		url_query(&path, "risk_category", str_from(values->category));
	put_time(&path, "from", values->from);
	put_time(&path, "to", values->to);
	if (values->checkpoint > 0)
		url_query_int(&path, "checkpoint", values->checkpoint);
	if (code == CLI_OK && path.failed)
		code = cli_no_memory();
	request.path = path.data;
	if (code == CLI_OK)
		code = download_lines(cli, &request, values->output);
	buf_release(&path);
	return code;
}

/* ---- checking ---- */

struct verify_values {
	const char *key, *checkpoint;
};

static const struct arg_spec verify_options[] = {
	{"key", 'k', ARG_TEXT, "KEY", 0, 0, offsetof(struct verify_values, key),
		"whose bundle: the verifier's key, as winnowd checkpoint-key tells it"},
	{"checkpoint", 'c', ARG_TEXT, "FILE", 0, 0, offsetof(struct verify_values, checkpoint),
		"a checkpoint of the same size that was kept elsewhere"},
};

static enum cli_exit read_lines(const char *name, FILE *file, struct evidence_check *check)
{
	enum cli_exit code = CLI_OK;
	char *line = NULL;
	size_t room = 0;
	ssize_t bytes;

	while (code == CLI_OK && (bytes = getline(&line, &room, file)) > 0) {
		if (line[bytes - 1] == '\n')
			bytes--;
		if (evidence_check_line(check, (struct str){line, (size_t)bytes}) != ERR_OK)
			code = cli_no_memory();
	}
	free(line);
	if (code != CLI_OK || feof(file))
		return code;
	cli_error("cannot read %s: %s", name, strerror(errno));
	return CLI_REFUSED;
}

static enum cli_exit check_file(const char *name, struct evidence_check *check)
{
	FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
	enum cli_exit code;

	if (!file) {
		cli_error("cannot read %s: %s", name, strerror(errno));
		return CLI_USAGE;
	}
	code = read_lines(name, file, check);
	if (file != stdin)
		fclose(file);
	return code;
}

static void print_json(const struct evidence_verdict *verdict)
{
	struct buf out = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &out);
	json_object_begin(&json);
	json_put(&json, "ok", bool, verdict->fault_count == 0);
	json_put(&json, "workspace", uuid, &verdict->workspace);
	json_put(&json, "from", int, verdict->first);
	json_put(&json, "to", int, verdict->last);
	json_put(&json, "checkpoint", int, verdict->checkpoint);
	json_put(&json, "records", int, verdict->records);
	json_put(&json, "rows", int, verdict->rows);
	json_put(&json, "hidden_rows", int, verdict->hidden);
	json_put(&json, "texts", int, verdict->texts);
	json_put(&json, "erased_texts", int, verdict->erased);
	json_put(&json, "items", int, verdict->items);
	json_put(&json, "models", int, verdict->models);
	json_put(&json, "retired", int, verdict->retired);
	json_put(&json, "by_signature", int, verdict->by_signature);
	json_put(&json, "fault_count", int, (int64_t)verdict->fault_count);
	json_key(&json, "faults");
	json_array_begin(&json);
	for (size_t i = 0; i < verdict->fault_count && i < EVIDENCE_FAULTS; i++) {
		json_object_begin(&json);
		json_put(&json, "line", int, (int64_t)verdict->faults[i].line);
		json_put(&json, "part", text, verdict->faults[i].part);
		json_put(&json, "detail", text, verdict->faults[i].what);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	cli_print_body(&out);
	buf_release(&out);
}

static void print_text(const struct evidence_verdict *verdict)
{
	if (verdict->fault_count == 0) {
		cli_printf("ok: %lld records, %lld rows, %lld items, %lld texts (%lld erased), "
			   "revisions %lld to %lld, in the tree of %lld records\n",
			(long long)verdict->records, (long long)verdict->rows,
			(long long)verdict->items, (long long)verdict->texts,
			(long long)verdict->erased, (long long)verdict->first,
			(long long)verdict->last, (long long)verdict->checkpoint);
		if (verdict->by_signature > 0)
			cli_printf(
				"the log up to revision %lld was retired: %lld versions and cards "
				"of then are vouched for by the bundle's signature alone\n",
				(long long)verdict->retired, (long long)verdict->by_signature);
		return;
	}
	for (size_t i = 0; i < verdict->fault_count && i < EVIDENCE_FAULTS; i++) {
		const struct evidence_fault *fault = &verdict->faults[i];

		if (fault->line > 0)
			cli_printf("fault in line %llu (%s): %s\n", (unsigned long long)fault->line,
				fault->part, fault->what);
		else
			cli_printf("fault (%s): %s\n", fault->part, fault->what);
	}
	if (verdict->fault_count > EVIDENCE_FAULTS)
		cli_printf("and %llu more\n",
			(unsigned long long)(verdict->fault_count - EVIDENCE_FAULTS));
}

/* The tree that somebody else kept is the bundle's. */
static enum cli_exit compare_kept(
	const struct evidence_verdict *verdict, const struct checkpoint *kept)
{
	if (!checkpoint_is_of(kept, &verdict->workspace) || kept->size != verdict->checkpoint) {
		cli_error("the checkpoint that was kept is not of the log and the size that the "
			  "bundle is proved by (%lld): ask for a bundle with --checkpoint %lld",
			(long long)verdict->checkpoint, (long long)kept->size);
		return CLI_REFUSED;
	}
	if (sha256_same(&kept->root, &verdict->root))
		return CLI_OK;
	cli_error("the log that the bundle is of is not the one of the checkpoint that was kept");
	return CLI_REFUSED;
}

static enum cli_exit tell(const struct cli *cli, const struct evidence_verdict *verdict,
	const struct checkpoint *kept)
{
	enum cli_exit code = CLI_OK;

	if (cli->config.json)
		print_json(verdict);
	else
		print_text(verdict);
	if (kept)
		code = compare_kept(verdict, kept);
	return verdict->fault_count > 0 ? CLI_REFUSED : code;
}

static enum cli_exit run_verify(struct cli *cli, const void *given, const struct words *words)
{
	const struct verify_values *values = given;
	struct note_verifier verifier;
	struct checkpoint kept;
	struct buf note = BUF_INIT;
	struct evidence_check *check = NULL;
	enum cli_exit code;

	if (!values->key) {
		cli_error("whose bundle? Give --key (winnowd checkpoint-key tells it)");
		return CLI_USAGE;
	}
	code = audit_read_key(values->key, &verifier);
	if (code == CLI_OK && values->checkpoint)
		code = audit_read_checkpoint(values->checkpoint, &verifier, &note, &kept);
	if (code == CLI_OK) {
		check = evidence_check_new(&verifier);
		code = check ? check_file(words->items[0], check) : cli_no_memory();
	}
	if (code == CLI_OK)
		code = tell(cli, evidence_check_end(check), values->checkpoint ? &kept : NULL);
	evidence_check_free(check);
	buf_release(&note);
	return code;
}

static const struct command verify_command = {
	.name = "verify",
	.summary = "check a bundle without the server",
	.arguments = "FILE",
	.examples =
		"  winnow evidence verify evidence.ndjson --key winnow.example.org+…\n"
		"  winnow evidence verify evidence.ndjson --key KEY --checkpoint kept.checkpoint\n",
	.details = "Hashes every row, record and line again, follows each record's path to the "
		   "root of the\n"
		   "signed checkpoint, and compares what the bundle tells of items, models, texts "
		   "and\n"
		   "actors with the rows. Each line that differs is named. Exit code 1: something "
		   "does.\n"
		   "\n"
		   "The key comes from who runs the daemon, not from the server. A checkpoint that "
		   "was\n"
		   "kept elsewhere shows that the log was not made up anew since.\n",
	COMMAND_OPTIONS(verify_options),
	.values_bytes = sizeof(struct verify_values),
	.min_words = 1,
	.max_words = 1,
	.run = run_verify,
};

const struct command command_evidence = {
	.name = "evidence",
	.summary = "write what was decided, with what proves it; check such a bundle",
	.examples = "  winnow evidence --tag pilot --from 2026-01-01 --to 2026-07-01 -o "
		    "evidence.ndjson\n"
		    "  winnow evidence --risk-category high --output evidence.ndjson\n"
		    "  winnow evidence verify evidence.ndjson --key winnow.example.org+…\n",
	.details = "For an auditor: the audit records of the span with their rows and proofs, "
		   "reasons,\n"
		   "items, models and policies with their cards, drift, and which article of\n"
		   "Regulation (EU) 2024/1689 each part serves. Authors are opaque ids.\n",
	COMMAND_OPTIONS(make_options),
	.values_bytes = sizeof(struct make_values),
	.run = run_make,
	.members = (const struct command *const[]){&verify_command, NULL},
};
