/*
 * The first half of a push: from files of any size to items, without holding more than one.
 */
#include "cli/push_split.h"

#include <string.h>

enum { READ_BYTES = 64 * 1024, LOOK_AHEAD_BYTES = 1024 * 1024 };

void splitter_init(struct splitter *splitter, ssize_t (*read)(void *, void *, size_t), void *arg,
	size_t max_item_bytes)
{
	*splitter = (struct splitter){
		.read = read,
		.arg = arg,
		.max_item_bytes = max_item_bytes,
		.next_line = 1,
	};
}

void splitter_release(struct splitter *splitter)
{
	buf_release(&splitter->raw);
	buf_release(&splitter->item);
}

/* ---- the bytes at hand ---- */

static struct str at_hand(const struct splitter *splitter)
{
	struct str all = buf_view(&splitter->raw);

	return (struct str){all.ptr + splitter->at, all.len - splitter->at};
}

/* Reads more behind what is at hand. SPLIT_ITEM when there is more, or the end was reached. */
static enum split_result fill(struct splitter *splitter)
{
	struct buf *raw = &splitter->raw;
	ssize_t got;

	if (splitter->at > 0) {
		buf_consume(raw, splitter->at);
		splitter->at = 0;
	}
	if (!buf_reserve(raw, READ_BYTES))
		return SPLIT_NO_MEMORY;
	got = splitter->read(splitter->arg, raw->data + raw->len, READ_BYTES);
	if (got < 0)
		return SPLIT_FAILED;
	raw->len += (size_t)got;
	raw->data[raw->len] = '\0';
	splitter->read_bytes += (uint64_t)got;
	splitter->at_end = got == 0;
	return SPLIT_ITEM;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip(struct splitter *splitter, size_t bytes)
{
	const char *from = splitter->raw.data + splitter->at;

	for (size_t i = 0; i < bytes; i++)
		splitter->next_line += from[i] == '\n';
	splitter->at += bytes;
}

/* Strings and brackets, byte by byte. */
struct nesting {
	size_t depth;
	bool in_string, escaped;
};

static void nesting_add(struct nesting *nesting, char c)
{
	if (nesting->in_string) {
		if (nesting->escaped)
			nesting->escaped = false;
		else if (c == '\\')
			nesting->escaped = true;
		else if (c == '"')
			nesting->in_string = false;
		return;
	}
	if (c == '"')
		nesting->in_string = true;
	else if (c == '{' || c == '[')
		nesting->depth++;
	else if ((c == '}' || c == ']') && nesting->depth > 0)
		nesting->depth--;
}

/* ---- which form it is ---- */

/* Does the object that the text begins with go on behind the first line? */
static bool goes_on(struct str text)
{
	const char *end = memchr(text.ptr, '\n', text.len);
	size_t len = end ? (size_t)(end - text.ptr) : text.len;
	struct nesting nesting = {0};

	for (size_t i = 0; i < len; i++)
		nesting_add(&nesting, text.ptr[i]);
	return nesting.depth > 0 || nesting.in_string;
}

static bool decided(const struct splitter *splitter, struct str text)
{
	if (splitter->at_end || text.len >= LOOK_AHEAD_BYTES)
		return true;
	if (text.len == 0)
		return false;
	return text.ptr[0] != '{' || memchr(text.ptr, '\n', text.len);
}

static enum split_result begin(struct splitter *splitter)
{
	enum split_result result;
	struct str text;

	splitter->begun = true;
	do {
		result = fill(splitter);
		if (result != SPLIT_ITEM)
			return result;
	} while (!splitter->at_end && splitter->raw.len < 3);
	/* A byte order mark is no part of the first item. */
	if (splitter->raw.len >= 3 && memcmp(splitter->raw.data, "\xef\xbb\xbf", 3) == 0)
		splitter->at = 3;
	if (splitter->form != SPLIT_BY_CONTENT)
		return SPLIT_ITEM;

	for (;;) {
		text = at_hand(splitter);
		while (text.len > 0 && is_blank(text.ptr[0])) {
			skip(splitter, 1);
			text = at_hand(splitter);
		}
		if (decided(splitter, text))
			break;
		result = fill(splitter);
		if (result != SPLIT_ITEM)
			return result;
	}
	splitter->form = SPLIT_LINES;
	if (text.len > 0 && (text.ptr[0] == '[' || (text.ptr[0] == '{' && goes_on(text))))
		splitter->form = SPLIT_JSON;
	return SPLIT_ITEM;
}

/* ---- lines ---- */

static struct str without_end(struct str line)
{
	while (line.len > 0 && is_blank(line.ptr[line.len - 1]))
		line.len--;
	return line;
}

/* Throws away what is left of a line that is too long. */
static enum split_result pass_over_line(struct splitter *splitter)
{
	for (;;) {
		struct str text = at_hand(splitter);
		const char *end = text.len ? memchr(text.ptr, '\n', text.len) : NULL;
		enum split_result result;

		if (end) {
			skip(splitter, (size_t)(end - text.ptr) + 1);
			return SPLIT_TOO_LONG;
		}
		splitter->at += text.len;
		if (splitter->at_end)
			return SPLIT_TOO_LONG;
		result = fill(splitter);
		if (result != SPLIT_ITEM)
			return result;
	}
}

static enum split_result next_line(struct splitter *splitter, struct str *item)
{
	size_t searched = 0;

	for (;;) {
		struct str text = at_hand(splitter);
		const char *end = text.len > searched
					  ? memchr(text.ptr + searched, '\n', text.len - searched)
					  : NULL;
		enum split_result result;

		splitter->line = splitter->next_line;
		if (end || splitter->at_end) {
			size_t len = end ? (size_t)(end - text.ptr) : text.len;

			if (len == 0 && !end)
				return SPLIT_END;
			skip(splitter, len + (end != NULL));
			*item = without_end((struct str){text.ptr, len});
			searched = 0;
			if (item->len > splitter->max_item_bytes)
				return SPLIT_TOO_LONG;
			if (item->len > 0)
				return SPLIT_ITEM;
			continue;
		}
		if (text.len > splitter->max_item_bytes)
			return pass_over_line(splitter);
		searched = text.len;
		result = fill(splitter);
		if (result != SPLIT_ITEM)
			return result;
	}
}

/* ---- JSON ---- */

static enum split_result malformed(struct splitter *splitter, const char *fault)
{
	splitter->line = splitter->next_line;
	splitter->fault = fault;
	return SPLIT_MALFORMED;
}

/* The next byte that is no blank stays at hand; 0 at the end. */
static enum split_result to_next(struct splitter *splitter, char *c)
{
	for (;;) {
		struct str text = at_hand(splitter);
		enum split_result result;

		while (text.len > 0 && is_blank(text.ptr[0])) {
			skip(splitter, 1);
			text = at_hand(splitter);
		}
		*c = text.len > 0 ? text.ptr[0] : '\0';
		if (text.len > 0 || splitter->at_end)
			return SPLIT_ITEM;
		result = fill(splitter);
		if (result != SPLIT_ITEM)
			return result;
	}
}

/* Brackets and commas of the array around the items. *at_item: an item begins here. */
static enum split_result to_item(struct splitter *splitter, bool *at_item)
{
	char c;
	enum split_result result = to_next(splitter, &c);

	*at_item = false;
	if (result != SPLIT_ITEM)
		return result;
	if (at_hand(splitter).len == 0)
		return splitter->in_array ? malformed(splitter, "the array does not end")
					  : SPLIT_END;
	if (!splitter->in_array && c == '[') {
		splitter->in_array = true;
		splitter->expect_comma = splitter->after_comma = false;
		skip(splitter, 1);
		return SPLIT_ITEM;
	}
	if (!splitter->in_array) {
		*at_item = true;
		return SPLIT_ITEM;
	}
	if (c == ']') {
		if (splitter->after_comma)
			return malformed(splitter, "an item is missing behind the comma");
		splitter->in_array = false;
		skip(splitter, 1);
		return SPLIT_ITEM;
	}
	if (c == ',') {
		if (!splitter->expect_comma)
			return malformed(splitter, "an item is missing before the comma");
		splitter->expect_comma = false;
		splitter->after_comma = true;
		skip(splitter, 1);
		return SPLIT_ITEM;
	}
	if (splitter->expect_comma)
		return malformed(splitter, "a comma is missing between two items");
	*at_item = true;
	return SPLIT_ITEM;
}

/* Whether a value without brackets (which the server will refuse) ends before `c`. */
static bool ends_scalar(const struct nesting *nesting, char c)
{
	return nesting->depth == 0 && !nesting->in_string &&
	       (is_blank(c) || c == ',' || c == ']' || c == '}');
}

/* One byte of an item; *done when the item ended with it or before it. */
static enum split_result take_byte(
	struct splitter *splitter, struct nesting *nesting, bool bracketed, bool *done)
{
	char c = splitter->raw.data[splitter->at];

	if (!bracketed && splitter->item.len > 0 && ends_scalar(nesting, c)) {
		*done = true;
		return SPLIT_ITEM;
	}
	if (c == '\n' && nesting->in_string)
		return malformed(splitter, "a line break inside a string");
	nesting_add(nesting, c);
	if (splitter->item.len <= splitter->max_item_bytes)
		buf_putc(&splitter->item, c == '\n' || c == '\r' ? ' ' : c);
	skip(splitter, 1);
	*done = nesting->depth == 0 && !nesting->in_string && (bracketed || c == '"');
	return SPLIT_ITEM;
}

static enum split_result next_value(struct splitter *splitter, struct str *item)
{
	bool bracketed = at_hand(splitter).ptr[0] == '{' || at_hand(splitter).ptr[0] == '[';
	struct nesting nesting = {0};
	bool done = false;
	size_t begin_line = splitter->next_line;
	enum split_result result;

	buf_reset(&splitter->item);
	while (!done) {
		if (at_hand(splitter).len == 0 && !splitter->at_end) {
			result = fill(splitter);
			if (result != SPLIT_ITEM)
				return result;
			continue;
		}
		if (at_hand(splitter).len == 0) {
			if (nesting.depth == 0 && !nesting.in_string)
				break;
			splitter->next_line = begin_line;
			return malformed(splitter, "the item that begins here does not end");
		}
		result = take_byte(splitter, &nesting, bracketed, &done);
		if (result != SPLIT_ITEM)
			return result;
	}
	if (splitter->item.failed)
		return SPLIT_NO_MEMORY;
	splitter->line = begin_line;
	splitter->expect_comma = splitter->in_array;
	splitter->after_comma = false;
	*item = buf_view(&splitter->item);
	return item->len > splitter->max_item_bytes ? SPLIT_TOO_LONG : SPLIT_ITEM;
}

static enum split_result next_json(struct splitter *splitter, struct str *item)
{
	bool at_item;
	enum split_result result;

	do {
		result = to_item(splitter, &at_item);
	} while (result == SPLIT_ITEM && !at_item);
	return result == SPLIT_ITEM ? next_value(splitter, item) : result;
}

enum split_result splitter_next(struct splitter *splitter, struct str *item)
{
	enum split_result result;

	if (!splitter->begun) {
		result = begin(splitter);
		if (result != SPLIT_ITEM)
			return result;
	}
	return splitter->form == SPLIT_JSON ? next_json(splitter, item) : next_line(splitter, item);
}
