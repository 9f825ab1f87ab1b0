/*
 * What comes in immutable, numbered versions behind aliases (models, policies): listed, read, added
 * and put in force in the same way.
 */
#ifndef WINNOW_CLI_VERSIONS_H
#define WINNOW_CLI_VERSIONS_H

#include <stdint.h>

#include "cli/cli.h"
#include "cli/commands.h"

struct versions {
	const char *noun;    /* "model": also what the body of its alias calls it */
	const char *plural;  /* "models": also the path, and the member of the list */
	const char *aliases; /* path of the aliases: "/aliases/" */
	const char *move;    /* the command that moves an alias: "winnow model promote" */
	const char *none;    /* the word for no version at all; NULL: there is always one */
	const struct table_column *columns; /* VERSION and ALIAS first */
	size_t column_count;
	/* The cells of one version behind the first two columns. */
	void (*put_cells)(struct table *table, const struct json_view *version);
};

extern const struct arg_spec versions_alias_option[1];
struct versions_alias {
	const char *alias;
};

enum cli_exit versions_list(struct cli *cli, const struct versions *versions);
/* The version that is named, else the active one; NULL *out with --json, which prints it. */
enum cli_exit versions_get(struct cli *cli, const struct versions *versions,
	const struct words *words, struct json_view **out);
/* POST; prints the version's number. */
enum cli_exit versions_create(
	struct cli *cli, const struct versions *versions, const struct buf *body);
/* The same of a file of at most so many bytes, the only word, or of a preset: exactly one of them, else CLI_USAGE. */
enum cli_exit versions_create_from(struct cli *cli, const struct versions *versions,
	const struct words *words, const char *preset, size_t max_bytes);
/* Puts the version of this number (or `none`) behind an alias. */
enum cli_exit versions_move(
	struct cli *cli, const struct versions *versions, const char *alias, const char *word);

/* {"preset": name}: the body of a version that ships with the server. */
void versions_put_preset(struct buf *out, const char *name);

/* "version   3" and what all kinds have: name, description. */
void versions_print_head(const struct json_view *version);

#endif
