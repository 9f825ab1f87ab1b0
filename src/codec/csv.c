/*
 * CSV, row by row, without a copy where the text can be used as it is.
 */
#include "codec/csv.h"

void csv_begin(struct csv *csv, struct str text, struct arena *arena)
{
	static const char mark[] = "\xef\xbb\xbf";

	*csv = (struct csv){.arena = arena, .at = text.ptr, .end = text.ptr + text.len, .line = 1};
	if (text.len >= 3 && memcmp(text.ptr, mark, 3) == 0)
		csv->at += 3;
}

static bool fail(struct csv *csv, const char *why)
{
	csv->fault = why;
	return false;
}

static bool at_end_of_row(const struct csv *csv)
{
	return csv->at == csv->end || *csv->at == '\n' || *csv->at == '\r';
}

static bool skip_end_of_row(struct csv *csv)
{
	if (csv->at < csv->end && *csv->at == '\r')
		csv->at++;
	if (csv->at == csv->end)
		return true;
	if (*csv->at != '\n')
		return fail(csv, "a carriage return stands alone");
	csv->at++;
	csv->line++;
	return true;
}

static bool bare_field(struct csv *csv, struct str *out)
{
	const char *begin = csv->at;

	while (!at_end_of_row(csv) && *csv->at != ',') {
		if (*csv->at == '"')
			return fail(csv, "a quote stands in a field that does not begin with one");
		csv->at++;
	}
	*out = (struct str){begin, (size_t)(csv->at - begin)};
	return true;
}

static bool without_doubled(struct csv *csv, struct str quoted, struct str *out)
{
	char *text = arena_alloc(csv->arena, quoted.len + 1);
	size_t len = 0;

	if (!text) {
		csv->no_memory = true;
		return false;
	}
	for (size_t i = 0; i < quoted.len; i++) {
		text[len++] = quoted.ptr[i];
		i += quoted.ptr[i] == '"';
	}
	*out = (struct str){text, len};
	return true;
}

static bool quoted_field(struct csv *csv, struct str *out)
{
	const char *begin = ++csv->at;
	bool doubled = false;

	for (; csv->at < csv->end; csv->at++) {
		csv->line += *csv->at == '\n';
		if (*csv->at != '"')
			continue;
		if (csv->at + 1 == csv->end || csv->at[1] != '"')
			break;
		doubled = true;
		csv->at++;
	}
	if (csv->at == csv->end)
		return fail(csv, "a quoted field does not end");
	*out = (struct str){begin, (size_t)(csv->at - begin)};
	csv->at++;
	if (!at_end_of_row(csv) && *csv->at != ',')
		return fail(csv, "a quoted field is followed by more than a comma");
	return !doubled || without_doubled(csv, *out, out);
}

bool csv_row(struct csv *csv, struct str *fields, size_t room, size_t *count, size_t *line)
{
	struct str field;

	*count = 0;
	while (csv->at < csv->end && at_end_of_row(csv)) {
		if (!skip_end_of_row(csv))
			return false;
	}
	*line = csv->line;
	if (csv->at == csv->end)
		return false;
	for (;;) {
		bool quoted = csv->at < csv->end && *csv->at == '"';

		if (!(quoted ? quoted_field(csv, &field) : bare_field(csv, &field)))
			return false;
		if (*count < room)
			fields[*count] = field;
		++*count;
		if (at_end_of_row(csv))
			return skip_end_of_row(csv);
		csv->at++;
	}
}
