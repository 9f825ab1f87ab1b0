/*
 * winnow audit verify: the log is checked on the server, or from an export without it; in both cases
 * against what was kept elsewhere, whose signature is checked here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/audit_file.h"
#include "cli/audit_parts.h"
#include "cli/progress.h"
#include "cli/url.h"
#include "codec/json_writer.h"

enum { VERIFY_TIMEOUT_S = 3600 };

struct verify_values {
	const char *file, *expect, *after;
	const char *checkpoint, *older, *key;
	bool system;
};

#define FIELD(name) offsetof(struct verify_values, name)

static const struct arg_spec verify_options[] = {
	{"file", 'f', ARG_TEXT, "FILE", 0, 0, FIELD(file),
		"check this export, without the server; - is standard input"},
	{"expect", 'e', ARG_TEXT, "REV:HASH", 0, 0, FIELD(expect),
		"a remembered head, which must be in the chain"},
	{"after", 0, ARG_TEXT, "REV:HASH", 0, 0, FIELD(after),
		"with --file: the head before its first record"},
	{"checkpoint", 'c', ARG_TEXT, "FILE", 0, 0, FIELD(checkpoint),
		"a signed checkpoint, which the log must have grown from"},
	{"older-checkpoint", 0, ARG_TEXT, "FILE", 0, 0, FIELD(older),
		"an earlier one, which --checkpoint must have grown from"},
	{"key", 'k', ARG_TEXT, "KEY", 0, 0, FIELD(key),
		"whose checkpoints: the verifier's key, as winnowd checkpoint-key tells it"},
	{"system", 0, ARG_FLAG, NULL, 0, 0, FIELD(system),
		"the system workspace's log (operators)"},
};

static enum cli_exit parse_mark(const char *option, const char *text, struct audit_mark *mark)
{
	mark->given = text != NULL;
	if (!text || audit_head_parse(str_from(text), &mark->revision, &mark->hash))
		return CLI_OK;
	cli_error("--%s: '%s' is not a head: a revision, a colon and 64 hexadecimal digits", option,
		text);
	return CLI_USAGE;
}

/* ---- checkpoints ---- */

/* The notes behind the checkpoints, which are views into them. */
struct kept_notes {
	struct buf notes[AUDIT_FILE_CHECKPOINTS];
};

enum cli_exit audit_read_key(const char *text, struct note_verifier *out)
{
	if (note_verifier_parse(str_from(text), out))
		return CLI_OK;
	cli_error("--key: '%s' is no verifier's key: a name, eight hexadecimal digits and base64, "
		  "with + "
		  "between",
		text);
	return CLI_USAGE;
}

enum cli_exit audit_read_checkpoint(const char *path, const struct note_verifier *verifier,
	struct buf *note, struct checkpoint *out)
{
	enum cli_exit code = cli_read_file(path, NOTE_BYTES_MAX, note);
	enum note_state state;
	struct str text;

	if (code != CLI_OK)
		return code;
	state = note_open(buf_view(note), verifier, &text);
	if (state == NOTE_GOOD && checkpoint_parse(text, out) && out->size > 0)
		return CLI_OK;
	cli_error("%s: %s", path,
		state == NOTE_GOOD ? "This is no checkpoint." : note_state_text(state));
	return CLI_REFUSED;
}

static enum cli_exit read_checkpoints(const struct verify_values *values, struct kept_notes *kept,
	struct audit_file_options *options)
{
	const char *paths[AUDIT_FILE_CHECKPOINTS] = {values->checkpoint, values->older};
	struct note_verifier verifier;

	if (!values->checkpoint && !values->older && !values->key)
		return CLI_OK;
	if (!values->checkpoint || !values->key) {
		cli_error("--checkpoint and --key go together, and --older-checkpoint with them");
		return CLI_USAGE;
	}
	if (values->after) {
		cli_error("a checkpoint is of the log from its begin: leave out --after");
		return CLI_USAGE;
	}
	if (audit_read_key(values->key, &verifier) != CLI_OK)
		return CLI_USAGE;
	for (size_t i = 0; i < AUDIT_FILE_CHECKPOINTS && paths[i]; i++) {
		enum cli_exit code = audit_read_checkpoint(paths[i], &verifier, &kept->notes[i],
			&options->checkpoints[options->checkpoint_count]);

		if (code != CLI_OK)
			return code;
		options->checkpoint_count++;
	}
	return CLI_OK;
}

static bool same_log(const struct audit_file_options *options)
{
	return options->checkpoint_count < 2 ||
	       str_eq(options->checkpoints[0].origin, options->checkpoints[1].origin);
}

/* "?checkpoint=SIZE:ROOT" of the server. */
static void ask_checkpoint(struct buf *path, const struct checkpoint *checkpoint)
{
	char tree[96];

	url_query(path, "checkpoint",
		str_from(audit_head_format(checkpoint->size, &checkpoint->root, tree)));
}

/* ---- telling ---- */

static void tell_good(const struct cli *cli, int64_t records, const char *head, bool expected)
{
	cli_printf(
		"ok: %lld record%s, head %s\n", (long long)records, records == 1 ? "" : "s", head);
	if (!expected)
		cli_note(cli, "a tail that was cut off stays unseen without --expect or "
			      "--checkpoint; keep this head elsewhere");
}

static void tell_fault(int64_t revision, struct str fault, struct str detail)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "fault at revision %lld: %.*s: %.*s\n", (long long)revision,
		STR_ARG(fault), STR_ARG(detail));
	cli_write(buf_view(&line));
	buf_release(&line);
}

/* Where the daemon has a key. */
static void tell_signatures(const struct cli *cli, const struct json_view *verdict)
{
	int64_t from = json_view_int(verdict, "signed_from", 0);

	if (!str_is(json_view_text(verdict, "signatures"), "partly"))
		return;
	if (from > 0)
		cli_note(cli,
			"the checkpoints before that of %lld records are not signed by the "
			"daemon's key; was it changed?",
			(long long)from);
	else
		cli_note(cli, "the database's checkpoints are not signed by the daemon's key; was "
			      "it changed?");
}

/* What the server says once, of one checkpoint (NULL: none). */
static enum cli_exit ask_server(struct cli *cli, const struct verify_values *values,
	const struct checkpoint *checkpoint, bool tell)
{
	struct buf path = BUF_INIT;
	struct http_response response = {0};
	struct http_request request = {.method = "GET"};
	struct json_view *verdict = NULL;
	enum cli_exit code = audit_path(cli, values->system, "/audit/verify", &path);
	char head[HTTP_HEAD_SIZE];
	bool good;

	if (code == CLI_OK && values->expect)
		url_query(&path, "expect", str_from(values->expect));
	if (code == CLI_OK && checkpoint)
		ask_checkpoint(&path, checkpoint);
	if (code == CLI_OK) {
		request.path = path.data;
		/* All of the history is read; that takes its time. */
		request.timeout_s = cli->config.timeout_given ? 0 : VERIFY_TIMEOUT_S;
		code = path.failed ? cli_no_memory() : cli_call(cli, &request, &response);
	}
	if (code == CLI_OK)
		verdict = cli_parse(&response);
	good = json_view_bool(verdict, "ok", false);
	if (verdict && good && !tell) {
		/* The last answer is the one to tell. */
	} else if (verdict && cli->config.json) {
		cli_print_body(&response.body);
	} else if (verdict && good) {
		snprintf(head, sizeof head, "%.*s", STR_ARG(json_view_text(verdict, "head")));
		tell_good(cli, json_view_int(verdict, "records", 0), head,
			values->expect || checkpoint);
		tell_signatures(cli, verdict);
	} else if (verdict) {
		tell_fault(json_view_int(verdict, "revision", 0), json_view_text(verdict, "fault"),
			json_view_text(verdict, "detail"));
	}
	json_view_free(verdict);
	http_response_release(&response);
	buf_release(&path);
	if (code == CLI_OK && !good)
		code = CLI_REFUSED;
	return code;
}

static enum cli_exit verify_online(struct cli *cli, const struct verify_values *values,
	const struct audit_file_options *options)
{
	enum cli_exit code = CLI_OK;

	if (options->checkpoint_count == 0)
		return ask_server(cli, values, NULL, true);
	/* The older first: where it fits and the newer does not, the newer is told. */
	for (size_t i = options->checkpoint_count; i-- > 0 && code == CLI_OK;)
		code = ask_server(cli, values, &options->checkpoints[i], i == 0);
	return code;
}

/* As the server tells its verdict, with the line of a fault, and with what an export alone can
 * show. */
static void print_verdict_json(const struct audit_file_verdict *verdict)
{
	bool good = verdict->state == AUDIT_FILE_GOOD;
	bool faulty = verdict->state == AUDIT_FILE_FAULTY;
	struct buf out = BUF_INIT;
	struct json_writer json;
	char head[96];

	json_writer_init(&json, &out);
	json_object_begin(&json);
	json_put(&json, "ok", bool, good);
	json_put(&json, "records", int, verdict->records);
	if (good) {
		json_put(&json, "head", text,
			audit_head_format(verdict->chain.revision, &verdict->chain.hash, head));
		json_key(&json, "checked");
		json_array_begin(&json);
		json_text(&json, "chain");
		json_text(&json, "rows");
		if (verdict->tree.size > 0)
			json_text(&json, "checkpoint");
		json_array_end(&json);
	} else {
		json_put(&json, "revision", int,
			faulty ? verdict->revision : verdict->chain.revision + 1);
		json_put(&json, "line", int, (int64_t)verdict->line);
		json_put(&json, "fault", text,
			faulty ? audit_fault_slug(verdict->fault) : "unreadable");
		json_put(&json, "detail", text,
			faulty ? audit_fault_text(verdict->fault) : verdict->detail);
	}
	json_object_end(&json);
	cli_print_body(&out);
	buf_release(&out);
}

static void tell_verdict(const struct cli *cli, const struct verify_values *values,
	const struct audit_file_verdict *verdict)
{
	char head[96];

	switch (verdict->state) {
	case AUDIT_FILE_GOOD:
		audit_head_format(verdict->chain.revision, &verdict->chain.hash, head);
		tell_good(cli, verdict->records, head, values->expect || values->checkpoint);
		return;
	case AUDIT_FILE_FAULTY:
		tell_fault(verdict->revision, str_from(audit_fault_slug(verdict->fault)),
			str_from(audit_fault_text(verdict->fault)));
		if (verdict->fault == AUDIT_GAP && verdict->records == 0 && !values->after)
			cli_note(cli, "does the file begin later on purpose? Give --after with the "
				      "head before it");
		return;
	default:
		cli_printf("fault in line %llu: %s\n", (unsigned long long)verdict->line,
			verdict->detail);
	}
}

static enum cli_exit verify_stream(struct cli *cli, const struct verify_values *values, FILE *file,
	const struct audit_file_options *options)
{
	struct audit_file_verdict verdict;

	audit_file_verify(file, options, &verdict);
	if (verdict.state == AUDIT_FILE_FAILED) {
		cli_error("cannot read %s: %s", values->file, strerror(errno));
		return CLI_REFUSED;
	}
	if (verdict.state == AUDIT_FILE_EMPTY) {
		cli_error("there is no record in %s", values->file);
		return CLI_REFUSED;
	}
	if (cli->config.json)
		print_verdict_json(&verdict);
	else
		tell_verdict(cli, values, &verdict);
	return verdict.state == AUDIT_FILE_GOOD ? CLI_OK : CLI_REFUSED;
}

static enum cli_exit verify_offline(
	struct cli *cli, const struct verify_values *values, const struct audit_file_options *given)
{
	bool from_stdin = strcmp(values->file, "-") == 0;
	FILE *file = from_stdin ? stdin : fopen(values->file, "re");
	struct audit_file_options options = *given;
	struct progress progress;
	struct stat status;
	uint64_t total = 0;
	enum cli_exit code;

	if (!file) {
		cli_error("cannot read %s: %s", values->file, strerror(errno));
		return CLI_USAGE;
	}
	if (fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode))
		total = (uint64_t)status.st_size;
	progress_begin(&progress, "checking", total, cli->config.quiet);
	options.progress = &progress;
	code = verify_stream(cli, values, file, &options);
	progress_end(&progress);
	if (!from_stdin)
		fclose(file);
	return code;
}

static enum cli_exit run_verify(struct cli *cli, const void *given, const struct words *words)
{
	const struct verify_values *values = given;
	struct audit_file_options options = {0};
	struct kept_notes kept = {{BUF_INIT}};
	enum cli_exit code = parse_mark("expect", values->expect, &options.expect);

	(void)words;
	if (code == CLI_OK)
		code = parse_mark("after", values->after, &options.after);
	if (code == CLI_OK && values->after && !values->file) {
		cli_error("--after goes with --file");
		code = CLI_USAGE;
	}
	if (code == CLI_OK)
		code = read_checkpoints(values, &kept, &options);
	if (code == CLI_OK && !same_log(&options)) {
		cli_error("the two checkpoints are of different logs");
		code = CLI_REFUSED;
	}
	if (code == CLI_OK)
		code = values->file ? verify_offline(cli, values, &options)
				    : verify_online(cli, values, &options);
	for (size_t i = 0; i < AUDIT_FILE_CHECKPOINTS; i++)
		buf_release(&kept.notes[i]);
	return code;
}

const struct command audit_verify_command = {
	.name = "verify",
	.summary = "check the audit log, on the server or from an export",
	.examples =
		"  winnow audit verify\n"
		"  winnow audit verify --expect 812:9f3c…\n"
		"  winnow audit verify --file log.ndjson --expect 812:9f3c…\n"
		"  winnow audit verify --checkpoint kept.checkpoint --key winnow.example.org+…\n",
	.details = "Recomputes the hash of every record, the chain, and the digest over the rows "
		   "of each\n"
		   "revision, and names the first bad revision. The server also compares the rows "
		   "with\n"
		   "the current state. Exit code 1: a fault was found.\n"
		   "\n"
		   "A log whose tail was cut off cleanly is a shorter, consistent log. Only what "
		   "was\n"
		   "kept elsewhere shows it: a remembered head, which every write and every verify "
		   "tells\n"
		   "(Winnow-Head), or a signed checkpoint, which the daemon writes outside of the\n"
		   "database. The key to it comes from who runs the daemon, not from the server.\n",
	COMMAND_OPTIONS(verify_options),
	.values_bytes = sizeof(struct verify_values),
	.run = run_verify,
};
