/*
 * winnow model: the versions of how a workspace scores, and which of them is in force.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/num.h"
#include "cli/card.h"
#include "cli/versions.h"
#include "codec/json_writer.h"

enum { MODEL_BYTES = 8 * 1024 * 1024 };

/* "next_sprint ≥ 18, ready ≥ 12, icebox" */
static void put_bands(struct buf *out, const struct json_view *bands)
{
	for (size_t i = 0; i < json_view_count(bands); i++) {
		const struct json_view *band = json_view_at(bands, i);
		double at_least = json_view_number(band, "at_least");

		if (i > 0)
			buf_puts(out, ", ");
		buf_str(out, json_view_text(band, "name"));
		if (isnan(at_least))
			continue;
		buf_puts(out, " \xe2\x89\xa5 ");
		num_format(out, at_least);
	}
}

static const struct table_column list_columns[] = {
	{"VERSION", TABLE_RIGHT, 0, 0},
	{"ALIAS", TABLE_LEFT, 0, 0},
	{"NAME", TABLE_LEFT, 12, 0},
	{"KIND", TABLE_LEFT, 0, 2},
	{"REVISION", TABLE_RIGHT, 0, 1},
	{"BANDS", TABLE_LEFT, 20, 0},
};

static void put_cells(struct table *table, const struct json_view *model)
{
	struct buf bands = BUF_INIT;

	put_bands(&bands, json_view_get(model, "bands"));
	table_put(table, json_view_text(model, "name"));
	table_put(table, json_view_text(model, "kind"));
	table_number(table, json_view_number(model, "revision"));
	table_put(table, buf_view(&bands));
	buf_release(&bands);
}

static const struct versions models = {
	.noun = "model",
	.plural = "models",
	.aliases = "/aliases/",
	.move = "winnow model promote",
	.columns = list_columns,
	.column_count = sizeof list_columns / sizeof list_columns[0],
	.put_cells = put_cells,
};

static enum cli_exit run_list(struct cli *cli, const void *values, const struct words *words)
{
	(void)values;
	(void)words;
	return versions_list(cli, &models);
}

static const struct command list = {
	.name = "list",
	.summary = "list the versions, newest first, and where the aliases point",
	.examples = "  winnow model list\n",
	.run = run_list,
};

/* ---- show ---- */

static const struct table_column input_columns[] = {
	{"FEATURE", TABLE_LEFT, 16, 0},
	{"WEIGHT", TABLE_RIGHT, 0, 0},
	{"COUNTS", TABLE_LEFT, 0, 0},
	{"UNKNOWN", TABLE_LEFT, 0, 0},
	{"DEFAULT", TABLE_RIGHT, 0, 0},
};

/* A term may name a fact of items instead of a feature. */
static struct str input_name(const struct json_view *input)
{
	struct str feature = json_view_text(input, "feature");

	return feature.len > 0 ? feature : json_view_text(input, "fact");
}

/* What a model reads, whatever its kind calls that. */
static enum cli_exit show_inputs(const struct cli *cli, const struct json_view *inputs)
{
	struct table table;
	enum cli_exit code;

	if (json_view_count(inputs) == 0)
		return CLI_OK;
	table_init(&table, input_columns, sizeof input_columns / sizeof input_columns[0]);
	for (size_t i = 0; i < json_view_count(inputs); i++) {
		const struct json_view *input = json_view_at(inputs, i);
		struct str scale = json_view_text(input, "scale");

		table_put(&table, input_name(input));
		table_number(&table, json_view_number(input, "weight"));
		table_put(&table, scale.len ? scale : json_view_text(input, "goal"));
		table_put(&table, json_view_text(input, "unknown"));
		table_number(&table, json_view_number(input, "default"));
	}
	cli_printf("\n");
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static enum cli_exit show_teams(const struct cli *cli, const struct json_view *teams)
{
	enum cli_exit code = CLI_OK;

	for (size_t i = 0; i < json_view_count(teams) && code == CLI_OK; i++) {
		const struct json_view *team = json_view_at(teams, i);
		struct buf text = BUF_INIT;

		buf_str(&text, json_view_text(team, "team"));
		buf_puts(&text, ", for at most ");
		num_format(&text, json_view_number(team, "share"));
		buf_puts(&text, " of the greatest score");
		cli_printf("\n");
		cli_print_pair("team", buf_view(&text));
		buf_release(&text);
		code = show_inputs(cli, json_view_get(team, "terms"));
	}
	return code;
}

static const struct table_column component_columns[] = {
	{"MODEL", TABLE_RIGHT, 0, 0},
	{"NAME", TABLE_LEFT, 12, 0},
	{"WEIGHT", TABLE_RIGHT, 0, 0},
	{"STEP", TABLE_RIGHT, 0, 0},
};

static enum cli_exit show_components(const struct cli *cli, const struct json_view *components)
{
	struct table table;
	enum cli_exit code;

	if (json_view_count(components) == 0)
		return CLI_OK;
	table_init(
		&table, component_columns, sizeof component_columns / sizeof component_columns[0]);
	for (size_t i = 0; i < json_view_count(components); i++) {
		const struct json_view *component = json_view_at(components, i);

		table_number(&table, json_view_number(component, "model"));
		table_put(&table, json_view_text(component, "name"));
		table_number(&table, json_view_number(component, "weight"));
		table_number(&table, json_view_number(component, "step"));
	}
	cli_printf("\n");
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

/* "active | public poc"; an input that may have any value is a dash. */
static void put_values(struct table *table, const struct json_view *values)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_view_count(values); i++) {
		const struct json_view *value = json_view_at(values, i);
		struct str word = json_view_as_text(value);

		if (i > 0)
			buf_puts(&text, " | ");
		if (word.ptr)
			buf_str(&text, word);
		else
			json_view_write(&text, value);
	}
	table_put(table, buf_view(&text));
	buf_release(&text);
}

static void put_rule(
	struct table *table, const struct json_view *inputs, const struct json_view *rule)
{
	const struct json_view *when = json_view_get(rule, "when");

	for (size_t i = 0; i < json_view_count(inputs); i++) {
		struct buf name = BUF_INIT;

		buf_str(&name, json_view_text(json_view_at(inputs, i), "feature"));
		put_values(table, name.data ? json_view_get(when, name.data) : NULL);
		buf_release(&name);
	}
	table_put(table, json_view_text(rule, "then"));
}

/* A column for each input and one for the outcome. */
static enum cli_exit show_rules(
	const struct cli *cli, const struct json_view *inputs, const struct json_view *rules)
{
	struct table_column columns[TABLE_MAX_COLUMNS] = {0};
	struct buf titles[TABLE_MAX_COLUMNS] = {0};
	size_t count = json_view_count(inputs);
	struct table table;
	enum cli_exit code;

	if (json_view_count(rules) == 0 || count >= TABLE_MAX_COLUMNS)
		return CLI_OK;
	for (size_t i = 0; i < count; i++) {
		buf_str(&titles[i], json_view_text(json_view_at(inputs, i), "feature"));
		columns[i] = (struct table_column){
			titles[i].data ? titles[i].data : "", TABLE_LEFT, 8, 0};
	}
	columns[count] = (struct table_column){"OUTCOME", TABLE_LEFT, 0, 0};
	table_init(&table, columns, count + 1);
	for (size_t i = 0; i < json_view_count(rules); i++)
		put_rule(&table, inputs, json_view_at(rules, i));
	cli_printf("\n");
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	for (size_t i = 0; i < count; i++)
		buf_release(&titles[i]);
	return code;
}

static void print_share(const char *label, double share)
{
	struct buf text = BUF_INIT;

	if (isnan(share))
		return;
	num_format(&text, share);
	buf_puts(&text, " of the greatest score");
	cli_print_pair(label, buf_view(&text));
	buf_release(&text);
}

static enum cli_exit show_model(const struct cli *cli, const struct json_view *model)
{
	static const char *const lists[] = {"terms", "inputs", "objectives"};
	enum cli_exit code = CLI_OK;
	struct buf bands = BUF_INIT;

	versions_print_head(model);
	cli_print_pair("kind", json_view_text(model, "kind"));
	cli_print_pair("formula", json_view_text(model, "formula"));
	put_bands(&bands, json_view_get(model, "bands"));
	cli_print_pair("bands", buf_view(&bands));
	buf_release(&bands);
	print_share("influence", json_view_number(model, "max_influence"));
	for (size_t i = 0; i < sizeof lists / sizeof *lists && code == CLI_OK; i++)
		code = show_inputs(cli, json_view_get(model, lists[i]));
	if (code == CLI_OK)
		code = show_teams(cli, json_view_get(model, "teams"));
	if (code == CLI_OK)
		code = show_components(cli, json_view_get(model, "components"));
	if (code == CLI_OK)
		code = show_rules(
			cli, json_view_get(model, "inputs"), json_view_get(model, "rules"));
	return code;
}

static enum cli_exit run_show(struct cli *cli, const void *values, const struct words *words)
{
	struct json_view *model;
	enum cli_exit code = versions_get(cli, &models, words, &model);

	(void)values;
	if (model)
		code = show_model(cli, model);
	json_view_free(model);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "show how a version scores, and its bands; the active one unless named",
	.arguments = "[VERSION]",
	.examples = "  winnow model show\n"
		    "  winnow model show 2 --json > model.json\n",
	.max_words = 1,
	.run = run_show,
};

/* ---- create ---- */

struct create_values {
	const char *preset, *csv, *name, *outcomes;
	struct arg_list columns;
};

static const struct arg_spec create_options[] = {
	{"preset", 0, ARG_TEXT, "NAME", 0, 0, offsetof(struct create_values, preset),
		"a model that ships with the server instead of FILE: rice, ice, wsjf …"},
	{"csv", 0, ARG_TEXT, "FILE", 0, 0, offsetof(struct create_values, csv),
		"a decision table as CSV instead of FILE: inputs, then the outcome"},
	{"outcomes", 0, ARG_TEXT, "LIST", 0, 0, offsetof(struct create_values, outcomes),
		"of --csv: the outcomes, best first, with commas between"},
	{"column", 0, ARG_LIST, "HEADER=FEATURE", 0, 0, offsetof(struct create_values, columns),
		"of --csv: the feature that a column stands for; may be repeated"},
	{"name", 0, ARG_TEXT, "NAME", 0, 0, offsetof(struct create_values, name),
		"of --csv and --preset: the model's name, else the file's or the preset's"},
};

static void put_preset(struct buf *out, const struct create_values *values)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "preset", text, values->preset);
	if (values->name)
		json_put(&json, "name", text, values->name);
	json_object_end(&json);
}

static void put_outcomes(struct json_writer *json, const char *names)
{
	json_key(json, "outcomes");
	json_array_begin(json);
	for (const char *at = names; *at;) {
		size_t len = strcspn(at, ",");

		json_str(json, (struct str){at, len});
		at += len + (at[len] == ',');
	}
	json_array_end(json);
}

static enum cli_exit put_columns(struct json_writer *json, const struct arg_list *columns)
{
	if (columns->count == 0)
		return CLI_OK;
	json_key(json, "columns");
	json_object_begin(json);
	for (size_t i = 0; i < columns->count; i++) {
		const char *equals = strrchr(columns->items[i], '=');

		if (!equals || equals == columns->items[i] || !equals[1]) {
			cli_error("'%s' is not HEADER=FEATURE", columns->items[i]);
			return CLI_USAGE;
		}
		json_key_str(json,
			(struct str){columns->items[i], (size_t)(equals - columns->items[i])});
		json_text(json, equals + 1);
	}
	json_object_end(json);
	return CLI_OK;
}

/* "tables/deployer.csv" is called "deployer". */
static struct str file_title(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct str title = str_from(slash ? slash + 1 : path);

	if (title.len > 4 && strcmp(title.ptr + title.len - 4, ".csv") == 0)
		title.len -= 4;
	return title;
}

static enum cli_exit put_table(struct buf *out, const struct create_values *values)
{
	struct buf csv = BUF_INIT;
	struct json_writer json;
	enum cli_exit code;

	if (!values->outcomes) {
		cli_error("--csv needs --outcomes: the outcomes, best first, with commas between");
		return CLI_USAGE;
	}
	code = cli_read_file(values->csv, MODEL_BYTES, &csv);
	if (code == CLI_OK) {
		json_writer_init(&json, out);
		json_object_begin(&json);
		json_put(&json, "name", str,
			values->name ? str_from(values->name) : file_title(values->csv));
		json_put(&json, "kind", text, "decision_table");
		put_outcomes(&json, values->outcomes);
		code = put_columns(&json, &values->columns);
		json_put(&json, "csv", str, buf_view(&csv));
		json_object_end(&json);
	}
	buf_release(&csv);
	return code;
}

static enum cli_exit run_create(struct cli *cli, const void *given, const struct words *words)
{
	const struct create_values *values = given;
	struct buf body = BUF_INIT;
	enum cli_exit code = CLI_OK;

	if (words->count + (values->preset != NULL) + (values->csv != NULL) != 1) {
		cli_error("model create needs one of FILE, --preset and --csv");
		return CLI_USAGE;
	}
	if (values->preset)
		put_preset(&body, values);
	else if (values->csv)
		code = put_table(&body, values);
	else
		code = cli_read_file(words->items[0], MODEL_BYTES, &body);
	if (code == CLI_OK)
		code = versions_create(cli, &models, &body);
	buf_release(&body);
	return code;
}

static const struct command create = {
	.name = "create",
	.summary = "add a version; prints its number",
	.arguments = "[FILE]",
	.examples =
		"  winnow model create model.json\n"
		"  winnow model create --preset wsjf\n"
		"  winnow model create --csv patching.csv --outcomes immediate,scheduled,defer\n"
		"  winnow model promote \"$(winnow model create model.json)\"\n",
	.details =
		"FILE is a model in JSON; - is standard input. A version never changes, and none\n"
		"is in force before it is promoted. A model that is a version already gives that\n"
		"version's number.\n",
	COMMAND_OPTIONS(create_options),
	.values_bytes = sizeof(struct create_values),
	.max_words = 1,
	.run = run_create,
};

/* ---- promote ---- */

static enum cli_exit run_promote(struct cli *cli, const void *given, const struct words *words)
{
	const struct versions_alias *values = given;

	return versions_move(cli, &models, values->alias, words->items[0]);
}

static const struct command promote = {
	.name = "promote",
	.summary = "put a version in force, or an older one back",
	.arguments = "VERSION",
	.examples = "  winnow model promote 2\n"
		    "  winnow model promote 1                     (roll back)\n"
		    "  winnow model promote 3 --alias candidate\n",
	COMMAND_OPTIONS(versions_alias_option),
	.values_bytes = sizeof(struct versions_alias),
	.defaults = &(const struct versions_alias){.alias = "active"},
	.min_words = 1,
	.max_words = 1,
	.run = run_promote,
};

const struct command command_model = {
	.name = "model",
	.summary = "list, show, create and promote model versions; their cards",
	.members = (const struct command *const[]){&list, &show, &create, &promote,
		&model_card_command, NULL},
};
