/*
 * winnow rank: computes a ranking here, from a bundle, without the server that made it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "codec/bundle.h"

enum { FAULTS_SHOWN = 5, PRINT_BYTES = 65536 };

struct rank_values {
	const char *bundle;
};

static const struct arg_spec options[] = {
	{"offline", 0, ARG_TEXT, "BUNDLE", 0, 0, offsetof(struct rank_values, bundle),
		"the bundle to rank; - is standard input"},
};

struct ranker {
	struct cli *cli;
	const char *name; /* of the bundle, for messages */
	struct bundle *bundle;
	struct arena arena; /* of faults */
	struct diag diag;
};

static enum cli_exit tell_faults(const struct ranker *ranker, enum error error)
{
	const struct diag *diag = &ranker->diag;

	if (error == ERR_NO_MEMORY)
		return cli_no_memory();
	for (size_t i = 0; i < diag->count && i < FAULTS_SHOWN; i++)
		cli_error("%s: %s: %s", ranker->name, diag->entries[i].pointer,
			diag->entries[i].detail);
	if (diag->count == 0)
		cli_error("%s is no bundle that can be read", ranker->name);
	return CLI_USAGE;
}

/* A line that is too long is no bundle's: it is not read to its end. */
static enum cli_exit read_lines(struct ranker *ranker, FILE *file)
{
	enum error error = ERR_OK;
	size_t room = 0, number = 0;
	char *line = NULL;
	ssize_t bytes = 0;

	while (!error && (bytes = getline(&line, &room, file)) >= 0) {
		if (bytes > 0 && line[bytes - 1] == '\n')
			bytes--;
		if (bytes > BUNDLE_LINE_BYTES)
			error = ERR_BUDGET;
		else
			error = bundle_take(ranker->bundle, (struct str){line, (size_t)bytes},
				++number, &ranker->diag);
	}
	free(line);
	if (error)
		return tell_faults(ranker, error);
	if (!ferror(file))
		return CLI_OK;
	cli_error("cannot read %s: %s", ranker->name, strerror(errno));
	return CLI_USAGE;
}

static enum cli_exit read_bundle(struct ranker *ranker)
{
	bool from_stdin = strcmp(ranker->name, "-") == 0;
	FILE *file = from_stdin ? stdin : fopen(ranker->name, "re");
	enum cli_exit code;

	if (!file) {
		cli_error("cannot read %s: %s", ranker->name, strerror(errno));
		return CLI_USAGE;
	}
	code = read_lines(ranker, file);
	if (!from_stdin)
		fclose(file);
	return code;
}

static enum cli_exit print_order(const struct bundle_result *result)
{
	struct buf out = BUF_INIT;

	for (size_t rank = 1; rank <= result->decision->order.count; rank++) {
		struct ranked_item item;

		ranked_item_of(result->decision, result->population, rank, &item);
		ranked_item_line(&out, rank, &item, result->model);
		if (out.failed)
			break;
		if (out.len < PRINT_BYTES)
			continue;
		cli_write(buf_view(&out));
		buf_reset(&out);
	}
	if (out.failed) {
		buf_release(&out);
		return cli_no_memory();
	}
	cli_write(buf_view(&out));
	buf_release(&out);
	return cli_finish_output();
}

/* What may explain a difference is said before it. */
static void tell_surroundings(
	const struct cli *cli, const struct receipt *was, const struct receipt *is)
{
	if (strcmp(was->engine, is->engine) != 0)
		cli_note(cli, "the receipt is of engine %s, this is engine %s", was->engine,
			is->engine);
	if (strcmp(was->libm, is->libm) != 0)
		cli_note(cli,
			"the receipt is of the mathematics of %s, here they are those of %s: the "
			"last bits of scores may differ",
			was->libm[0] ? was->libm : "none", is->libm[0] ? is->libm : "none");
}

static enum cli_exit check_receipt(const struct ranker *ranker, const struct bundle_result *result)
{
	const struct receipt *was = &result->header->receipt, *is = &result->receipt;
	char expected[SHA256_HEX_SIZE], found[SHA256_HEX_SIZE];

	tell_surroundings(ranker->cli, was, is);
	if (was->item_count != is->item_count) {
		cli_error("not the ranking of the receipt: it has %lld items, this one has %lld",
			(long long)was->item_count, (long long)is->item_count);
		return CLI_REFUSED;
	}
	if (!sha256_same(&was->order, &is->order)) {
		cli_error("not the ranking of the receipt: its order has the digest %s, this one "
			  "has %s",
			sha256_to_hex(&was->order, expected), sha256_to_hex(&is->order, found));
		return CLI_REFUSED;
	}
	cli_note(ranker->cli, "%lld items, as the receipt of ranking %s says",
		(long long)is->item_count, result->header->ranking);
	return CLI_OK;
}

static enum cli_exit rank(struct ranker *ranker)
{
	enum cli_exit code = read_bundle(ranker);
	enum error error;

	if (code != CLI_OK)
		return code;
	error = bundle_rank(ranker->bundle, &ranker->diag);
	if (error)
		return tell_faults(ranker, error);
	code = print_order(bundle_result(ranker->bundle));
	return code == CLI_OK ? check_receipt(ranker, bundle_result(ranker->bundle)) : code;
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct rank_values *values = given;
	struct ranker ranker = {.cli = cli, .name = values->bundle};
	enum cli_exit code;

	(void)words;
	if (!values->bundle) {
		cli_error("which bundle? Give --offline BUNDLE (winnow ranking bundle writes one)");
		return CLI_USAGE;
	}
	ranker.bundle = bundle_new();
	if (!ranker.bundle)
		return cli_no_memory();
	arena_init(&ranker.arena, 16u << 20);
	diag_init(&ranker.diag, &ranker.arena);
	code = rank(&ranker);
	arena_release(&ranker.arena);
	bundle_free(ranker.bundle);
	return code;
}

const struct command command_rank = {
	.name = "rank",
	.summary = "compute a ranking from a bundle, without the server",
	.examples = "  winnow ranking bundle 12.29767680 --output bundle.ndjson\n"
		    "  winnow rank --offline bundle.ndjson > order.ndjson\n",
	.details =
		"Prints one line per ranked item, exactly the bytes of GET …/rankings/ID/order, "
		"and\n"
		"checks them against the receipt in the bundle: exit code 1 when they differ. No\n"
		"server, no token and no workspace are needed.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct rank_values),
	.run = run,
};
