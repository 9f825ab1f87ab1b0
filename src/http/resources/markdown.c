/*
 * JSON to Markdown (CommonMark, with the tables of GitHub Flavored Markdown).
 */
#include "http/resources/markdown.h"

#include <ctype.h>
#include <string.h>

#include "base/num.h"

enum { HEADING_MAX = 6, INLINE_MAX = 10, COLUMNS_MAX = 24 };

/* ---- texts ---- */

/* Any ASCII punctuation may be escaped (CommonMark 0.31, 2.4); line ends would end a cell. */
static void put_escaped(struct buf *out, const char *text)
{
	const char *begin = text;

	for (; *text; text++) {
		bool within = text > begin && isalnum((unsigned char)text[-1]) &&
			      isalnum((unsigned char)text[1]);

		if ((unsigned char)*text < 0x20) {
			buf_putc(out, ' ');
			continue;
		}
		/* An underscore within a word is one. */
		if (!(within && *text == '_') && strchr("\\`*_[]<>|#&~!", *text))
			buf_putc(out, '\\');
		buf_putc(out, *text);
	}
}

/* "in_flight_days" → "In flight days". */
static void put_words(struct buf *out, const char *key, bool capital)
{
	for (const char *at = key; *at; at++) {
		char c = *at == '_' ? ' ' : *at;

		buf_putc(out, at == key && capital ? (char)toupper((unsigned char)c) : c);
	}
}

static bool is_item(const json_t *value)
{
	return json_is_object(value) && json_object_get(value, "external_id");
}

/* What an item is called by, and so is not told again beside its name. */
static bool is_of_name(const char *key)
{
	static const char *const keys[] = {"id", "source", "external_id", "title"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strcmp(key, keys[i]) == 0)
			return true;
	}
	return false;
}

static void put_item(struct buf *out, const json_t *item)
{
	const char *title = json_string_value(json_object_get(item, "title"));

	put_escaped(out, json_string_value(json_object_get(item, "source")));
	buf_putc(out, '/');
	put_escaped(out, json_string_value(json_object_get(item, "external_id")));
	if (title) {
		buf_putc(out, ' ');
		put_escaped(out, title);
	}
}

/* ---- values within a line ---- */

static bool is_inline(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (is_item(value))
		return true;
	if (json_is_array(value)) {
		json_array_foreach(value, i, member)
		{
			if (json_is_array(member) || json_is_object(member))
				return false;
		}
		return json_array_size(value) <= INLINE_MAX;
	}
	if (!json_is_object(value))
		return true;
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
	{
		if (!is_inline(member))
			return false;
	}
	return json_object_size(value) <= INLINE_MAX;
}

static void put_inline(struct buf *out, const json_t *value);

static void put_members(struct buf *out, const json_t *object)
{
	bool first = true;
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)object, key, member)
	{
		if (json_is_null(member))
			continue;
		buf_puts(out, first ? "" : ", ");
		first = false;
		if (!is_item(member)) {
			put_words(out, key, false);
			buf_putc(out, ' ');
		}
		put_inline(out, member);
	}
}

static void put_inline(struct buf *out, const json_t *value)
{
	json_t *member;
	size_t i;

	if (is_item(value)) {
		put_item(out, value);
		return;
	}
	switch (json_typeof(value)) {
	case JSON_STRING: put_escaped(out, json_string_value(value)); return;
	case JSON_INTEGER: buf_printf(out, "%lld", (long long)json_integer_value(value)); return;
	case JSON_REAL: num_format(out, json_real_value(value)); return;
	case JSON_TRUE: buf_puts(out, "yes"); return;
	case JSON_FALSE: buf_puts(out, "no"); return;
	case JSON_OBJECT: put_members(out, value); return;
	case JSON_ARRAY: break;
	default: buf_puts(out, "–"); return;
	}
	json_array_foreach(value, i, member)
	{
		buf_puts(out, i == 0 ? "" : ", ");
		put_inline(out, member);
	}
}

/* ---- tables ---- */

struct columns {
	const char *keys[COLUMNS_MAX];
	size_t count;
	bool items; /* the rows are items: their names are the first column */
};

static void add_column(struct columns *columns, const char *key)
{
	for (size_t i = 0; i < columns->count; i++) {
		if (strcmp(columns->keys[i], key) == 0)
			return;
	}
	if (columns->count < COLUMNS_MAX)
		columns->keys[columns->count++] = key;
}

/* False: the list is no table. */
static bool find_columns(const json_t *list, struct columns *out)
{
	json_t *row, *member;
	const char *key;
	size_t i;

	*out = (struct columns){.items = is_item(json_array_get(list, 0))};
	json_array_foreach(list, i, row)
	{
		if (!json_is_object(row))
			return false;
		json_object_foreach(row, key, member)
		{
			if (!is_inline(member))
				return false;
			if (!out->items || !is_of_name(key))
				add_column(out, key);
		}
	}
	return true;
}

static void put_table(struct buf *out, const json_t *list, const struct columns *columns)
{
	json_t *row;
	size_t i;

	buf_puts(out, columns->items ? "| Item " : "");
	for (size_t c = 0; c < columns->count; c++) {
		buf_puts(out, "| ");
		put_words(out, columns->keys[c], true);
		buf_putc(out, ' ');
	}
	buf_puts(out, "|\n");
	for (size_t c = 0; c < columns->count + columns->items; c++)
		buf_puts(out, "|---");
	buf_puts(out, "|\n");
	json_array_foreach(list, i, row)
	{
		if (columns->items) {
			buf_puts(out, "| ");
			put_item(out, row);
			buf_putc(out, ' ');
		}
		for (size_t c = 0; c < columns->count; c++) {
			const json_t *cell = json_object_get(row, columns->keys[c]);

			buf_puts(out, "| ");
			if (cell)
				put_inline(out, cell);
			buf_putc(out, ' ');
		}
		buf_puts(out, "|\n");
	}
	buf_putc(out, '\n');
}

/* ---- the tree ---- */

static void put_object(struct buf *out, const json_t *object, const char *skip, int level);

static void put_heading(struct buf *out, int level)
{
	for (int i = 0; i < level && i < HEADING_MAX; i++)
		buf_putc(out, '#');
	buf_putc(out, ' ');
}

/* By what an element of a list is called. */
static const char *name_of(const json_t *object)
{
	static const char *const names[] = {"stream", "period", "quadrant", "view", "kind", "id"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (json_is_string(json_object_get(object, names[i])))
			return names[i];
	}
	return NULL;
}

static void put_list(struct buf *out, const json_t *list, int level)
{
	struct columns columns;
	json_t *element;
	size_t i;

	if (json_array_size(list) == 0) {
		buf_puts(out, "None.\n\n");
		return;
	}
	if (find_columns(list, &columns)) {
		put_table(out, list, &columns);
		return;
	}
	json_array_foreach(list, i, element)
	{
		const char *name = name_of(element);
		const char *text = name ? json_string_value(json_object_get(element, name)) : NULL;

		put_heading(out, level);
		if (text)
			put_escaped(out, text);
		else
			buf_printf(out, "%zu", i + 1);
		buf_puts(out, "\n\n");
		put_object(out, element, name, level + 1);
	}
}

static void put_object(struct buf *out, const json_t *object, const char *skip, int level)
{
	bool listed = false;
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)object, key, member)
	{
		bool empty = json_is_array(member) && json_array_size(member) == 0;

		if (!is_inline(member) || empty || (skip && strcmp(key, skip) == 0))
			continue;
		buf_puts(out, "- ");
		put_words(out, key, true);
		buf_puts(out, ": ");
		put_inline(out, member);
		buf_putc(out, '\n');
		listed = true;
	}
	buf_puts(out, listed ? "\n" : "");
	json_object_foreach((json_t *)(uintptr_t)object, key, member)
	{
		bool empty = json_is_array(member) && json_array_size(member) == 0;

		if ((is_inline(member) && !empty) || (skip && strcmp(key, skip) == 0))
			continue;
		put_heading(out, level);
		put_words(out, key, true);
		buf_puts(out, "\n\n");
		if (json_is_array(member))
			put_list(out, member, level + 1);
		else
			put_object(out, member, NULL, level + 1);
	}
}

void markdown_write(struct buf *out, const char *title, const json_t *head, const json_t *sections)
{
	json_t *section;
	size_t i;

	put_heading(out, 1);
	put_escaped(out, title);
	buf_puts(out, "\n\n");
	put_object(out, head, NULL, 2);
	json_array_foreach(sections, i, section)
	{
		put_heading(out, 2);
		put_escaped(out, json_string_value(json_object_get(section, "title")));
		buf_puts(out, "\n\n");
		json_object_del(section, "id");
		put_object(out, section, "title", 3);
	}
}
