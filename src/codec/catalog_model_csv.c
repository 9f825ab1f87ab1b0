/*
 * A decision table as CSV, such as CERT/CC publishes SSVC's: a header of column names, a first column
 * `row` that only counts, the outcome last. A column stands for the feature of its name, in lower case
 * and without the version behind it: "System Exposure v1.0.1" is system_exposure.
 */
#include <strings.h>

#include "codec/catalog_model_table.h"
#include "codec/csv.h"
#include "codec/json.h"

enum { MAX_COLUMNS = WN_TABLE_MAX_INPUTS + 2 };

/* Where each input is in a row. */
struct layout {
	struct str fields[MAX_COLUMNS];
	size_t columns;
	size_t first;                 /* 1 after a column `row` */
	size_t input_of[MAX_COLUMNS]; /* by column */
};

static bool same_text(struct str a, struct str b)
{
	return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

static bool fault_csv(struct table_draft *table, const struct csv *csv)
{
	if (csv->fault)
		diag_add(table->model->diag, "/csv", "Line %zu: %s.", csv->line, csv->fault);
	return false;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Cuts " v1.0.0" off. */
static struct str without_version(struct str header)
{
	for (size_t i = header.len; i-- > 2;) {
		char c = header.ptr[i];

		if ((c >= '0' && c <= '9') || c == '.')
			continue;
		if (lower(c) == 'v' && header.ptr[i - 1] == ' ' && i + 1 < header.len)
			return (struct str){header.ptr, i - 1};
		break;
	}
	return header;
}

/* The feature's name that a header stands for; absent: memory is out. */
static struct str header_feature(
	struct table_draft *table, const json_t *columns, struct str header)
{
	const json_t *named = json_object_getn(columns, header.ptr, header.len);
	struct str bare = without_version(header);
	char *name;

	if (json_is_string(named))
		return (struct str){json_string_value(named), json_string_length(named)};
	name = arena_strdup(table->model->arena, bare);
	for (size_t i = 0; name && i < bare.len; i++)
		name[i] = name[i] == ' ' ? '_' : lower(name[i]);
	return (struct str){name, bare.len};
}

/* The input of a column, made when the client listed none. */
static bool column_input(
	struct table_draft *table, struct str name, struct str header, bool listed, size_t *out)
{
	struct model_draft *model = table->model;
	const struct feature_definition *feature;
	const char *why;

	*out = draft_input(model, 0, name);
	if (*out != SIZE_MAX)
		return true;
	feature = draft_feature(model, name);
	if (listed || !feature) {
		diag_add(model->diag, "/csv",
			"The column \"%.*s\" stands for the feature \"%.*s\", which is no %s. "
			"\"columns\" can name another one.",
			STR_ARG(header), STR_ARG(name),
			listed ? "input of the model" : "feature of this workspace");
		return false;
	}
	if (!table_check_input(model, feature, "/csv"))
		return false;
	why = draft_add_input(model, feature, "/csv");
	*out = model->term_count - 1;
	if (why)
		diag_add(model->diag, "/csv", "The feature \"%.*s\" cannot be in a model: %s.",
			STR_ARG(name), why);
	return !why;
}

static bool check_columns(
	struct table_draft *table, const json_t *columns, const struct layout *layout)
{
	struct diag *diag = table->model->diag;
	bool ok = true;

	if (!columns || json_is_null(columns))
		return true;
	if (!json_is_object(columns)) {
		diag_add(diag, "/columns", "This must be an object: the feature by header.");
		return false;
	}
	for (void *at = json_object_iter((json_t *)columns); at;
		at = json_object_iter_next((json_t *)columns, at)) {
		const char *key = json_object_iter_key(at);
		size_t column = layout->first;

		while (column + 1 < layout->columns && !str_is(layout->fields[column], key))
			column++;
		if (column + 1 < layout->columns && json_is_string(json_object_iter_value(at)))
			continue;
		diag_add(diag, diag_key(diag, "/columns", key), "%s",
			column + 1 < layout->columns
				? "This must be the name of a feature."
				: "The header has no such column before the last one.");
		ok = false;
	}
	return ok;
}

static bool check_all_inputs(struct table_draft *table, const struct layout *layout)
{
	struct model_draft *model = table->model;
	bool ok = true;

	for (size_t i = 0; i < model->term_count; i++) {
		size_t times = 0;

		for (size_t c = layout->first; c + 1 < layout->columns; c++)
			times += layout->input_of[c] == i;
		if (times == 1)
			continue;
		diag_add(model->diag, "/csv", "%s column stands for the input \"%.*s\".",
			times == 0 ? "No" : "More than one", STR_ARG(model->features[i]->name));
		ok = false;
	}
	return ok;
}

static bool read_header(
	struct table_draft *table, const json_t *json, struct csv *csv, struct layout *layout)
{
	const json_t *columns = json_object_get(json, "columns");
	bool listed = table->model->term_count > 0;
	size_t line;
	bool ok = true;

	if (!csv_row(csv, layout->fields, MAX_COLUMNS, &layout->columns, &line)) {
		if (!csv->fault && !csv->no_memory)
			csv->fault = "a header row is missing";
		return fault_csv(table, csv);
	}
	layout->first = layout->columns > 0 && same_text(layout->fields[0], STR("row"));
	if (layout->columns < layout->first + 2 ||
		layout->columns > layout->first + MAX_COLUMNS - 1) {
		diag_add(table->model->diag, "/csv",
			"Line %zu: a table has 1 to %d input columns, then the outcome.", line,
			WN_TABLE_MAX_INPUTS);
		return false;
	}
	ok &= check_columns(table, columns, layout);
	for (size_t c = layout->first; c + 1 < layout->columns; c++) {
		struct str name = header_feature(table, columns, layout->fields[c]);

		if (!name.ptr)
			return false;
		ok &= column_input(table, name, layout->fields[c], listed, &layout->input_of[c]);
	}
	return ok && check_all_inputs(table, layout);
}

/* Category values in any case; of a boolean the usual words. */
static size_t value_of(const struct feature_definition *feature, struct str word)
{
	static const char *const words[2][3] = {{"false", "no", "0"}, {"true", "yes", "1"}};

	if (feature->type == FEATURE_BOOLEAN) {
		for (size_t i = 0; i < 6; i++) {
			if (same_text(word, str_from(words[i / 3][i % 3])))
				return i / 3;
		}
		return SIZE_MAX;
	}
	for (size_t i = 0; i < feature->category_count; i++) {
		if (same_text(word, feature->categories[i]))
			return i;
	}
	return SIZE_MAX;
}

static bool read_row(struct table_draft *table, const struct layout *layout, size_t line)
{
	struct model_draft *model = table->model;
	size_t rule = table->rule_count;
	uint64_t *when = table_when(table, rule);
	struct str outcome = layout->fields[layout->columns - 1];
	size_t place = 0;
	bool ok = true;

	for (size_t c = layout->first; c + 1 < layout->columns; c++) {
		const struct feature_definition *feature = model->features[layout->input_of[c]];
		size_t value = value_of(feature, layout->fields[c]);

		if (value != SIZE_MAX) {
			when[layout->input_of[c]] = UINT64_C(1) << value;
			continue;
		}
		diag_add(model->diag, "/csv",
			"Line %zu: \"%.*s\" is no value of the feature \"%.*s\".", line,
			STR_ARG(json_brief(layout->fields[c])), STR_ARG(feature->name));
		ok = false;
	}
	while (place < table->outcome_count &&
		!same_text(outcome, str_from(table->outcomes[place].name)))
		place++;
	table->rules[rule].outcome = (uint16_t)place;
	table->lines[rule] = line;
	table->rule_count++;
	if (place < table->outcome_count || table->outcome_count == 0)
		return ok;
	diag_add(model->diag, "/csv", "Line %zu: \"%.*s\" is none of the outcomes.", line,
		STR_ARG(json_brief(outcome)));
	return false;
}

/* `room` is for TABLE_MAX_RULES rows, or for all that there are. */
static bool read_rows(
	struct table_draft *table, struct csv *csv, struct layout *layout, size_t room)
{
	size_t columns, line;
	bool ok = true;

	while (csv_row(csv, layout->fields, MAX_COLUMNS, &columns, &line)) {
		if (columns != layout->columns) {
			diag_add(table->model->diag, "/csv",
				"Line %zu: the row has %zu columns, the header has %zu.", line,
				columns, layout->columns);
			ok = false;
			continue;
		}
		if (table->rule_count == room) {
			diag_add(table->model->diag, "/csv",
				"Line %zu: a table has at most %d rows.", line, TABLE_MAX_RULES);
			return false;
		}
		ok &= read_row(table, layout, line);
	}
	if (csv->fault)
		return fault_csv(table, csv);
	return ok && !csv->no_memory;
}

/* For how many rows there has to be room: no line holds two, and the header is none. */
static size_t row_room(struct str text)
{
	size_t ends = 0;

	for (size_t i = 0; i < text.len && ends < TABLE_MAX_RULES; i++)
		ends += text.ptr[i] == '\n';
	return ends;
}

bool table_read_csv(struct table_draft *table, const json_t *json)
{
	struct model_draft *model = table->model;
	struct layout layout = {0};
	struct str text;
	struct csv csv;
	size_t room;

	if (!json_read_text(
		    json, "csv", 1, TABLE_MAX_CSV, true, "", model->diag, model->arena, &text))
		return false;
	csv_begin(&csv, text, model->arena);
	if (!read_header(table, json, &csv, &layout))
		return false;
	room = row_room(text);
	table->lines = arena_array(model->arena, room, sizeof *table->lines);
	if (!table->lines || !table_begin_rules(table, room))
		return false;
	return read_rows(table, &csv, &layout, room);
}
