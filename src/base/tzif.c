/*
 * TZif files: a table of transitions, and behind it a rule in the manner of POSIX's TZ for all later years
 * (RFC 8536, 3.3), which is written out year by year. The part of version 1 is skipped.
 */
#include "base/tzif.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEADER_BYTES = 44,
	FILE_MAX_BYTES = 256 * 1024,
	HOUR_S = 3600,
	DAY_S = 86400,
	LAST_YEAR = 9999,
	NAME_LETTERS = 3, /* at least, of a zone's designation */
};

/* ---- the table ---- */

static uint32_t be32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t be64(const unsigned char *at)
{
	return (int64_t)((uint64_t)be32(at) << 32 | be32(at + 4));
}

struct part {
	const unsigned char *times, *types, *infos;
	size_t time_count, type_count;
	size_t bytes; /* with its header */
};

/* One header with its data, of times so many bytes long. */
static bool read_part(const unsigned char *bytes, size_t count, size_t time_bytes, struct part *out)
{
	uint64_t isut, isstd, leap, times, types, chars, data;

	if (count < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0 || bytes[4] < '2')
		return false;
	isut = be32(bytes + 20);
	isstd = be32(bytes + 24);
	leap = be32(bytes + 28);
	times = be32(bytes + 32);
	types = be32(bytes + 36);
	chars = be32(bytes + 40);
	data = times * (time_bytes + 1) + types * 6 + chars + leap * (time_bytes + 4) + isstd +
	       isut;
	if (types == 0 || data > count - HEADER_BYTES)
		return false;
	*out = (struct part){
		.times = bytes + HEADER_BYTES,
		.types = bytes + HEADER_BYTES + times * time_bytes,
		.infos = bytes + HEADER_BYTES + times * (time_bytes + 1),
		.time_count = times,
		.type_count = types,
		.bytes = HEADER_BYTES + data,
	};
	return true;
}

struct maker {
	struct tz_table *table;
	int64_t from_s, until_s;
	int32_t offset_s; /* in force behind what was taken */
};

/* In the order of time. */
static bool take(struct maker *maker, int64_t at_s, int32_t offset_s)
{
	struct tz_table *table = maker->table;
	int32_t before_s = maker->offset_s;

	if (at_s > maker->until_s)
		return true;
	maker->offset_s = offset_s;
	if (at_s <= maker->from_s) {
		table->offset_s = offset_s;
		return true;
	}
	if (offset_s == before_s)
		return true;
	if (table->count == TZ_MAX_CHANGES)
		return false;
	table->changes[table->count++] = (struct tz_change){at_s, offset_s};
	return true;
}

/* Whole seconds of less than 26 hours (RFC 8536, 3.2). */
static bool offset_of(const struct part *part, size_t type, int32_t *out)
{
	if (type >= part->type_count)
		return false;
	*out = (int32_t)be32(part->infos + type * 6);
	return *out > -26 * HOUR_S && *out < 26 * HOUR_S;
}

static bool take_part(struct maker *maker, const struct part *part, int64_t *last_s)
{
	int32_t offset_s;

	*last_s = INT64_MIN;
	if (!offset_of(part, 0, &offset_s))
		return false;
	maker->offset_s = maker->table->offset_s = offset_s;
	for (size_t i = 0; i < part->time_count; i++) {
		int64_t at_s = be64(part->times + i * 8);

		if (at_s < *last_s || !offset_of(part, part->types[i], &offset_s) ||
			!take(maker, at_s, offset_s))
			return false;
		*last_s = at_s;
	}
	return true;
}

/* ---- the rule behind the table ---- */

struct date_rule {
	char kind; /* 'M', 'J' or '0' */
	int month, week,
		day;    /* M: week 5 is the last, day 0 Sunday; J and 0: the day of the year */
	int32_t time_s; /* local, by the clock before the change */
};

struct tz_rule {
	int32_t standard_s, summer_s;
	bool has_summer;
	struct date_rule begins, ends;
};

static bool read_name(const char **at)
{
	const char *p = *at;
	size_t letters = 0;

	if (*p == '<') {
		while (*p && *p != '>')
			p++;
		if (*p != '>')
			return false;
		*at = p + 1;
		return true;
	}
	while (isalpha((unsigned char)p[letters]))
		letters++;
	*at = p + letters;
	return letters >= NAME_LETTERS;
}

static bool read_number(const char **at, int most, int *out)
{
	int value = 0;

	if (!isdigit((unsigned char)**at))
		return false;
	while (isdigit((unsigned char)**at)) {
		value = value * 10 + (*(*at)++ - '0');
		if (value > most)
			return false;
	}
	*out = value;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool read_clock(const char **at, int32_t *out)
{
	int sign = **at == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;

	if (**at == '-' || **at == '+')
		(*at)++;
	if (!read_number(at, 167, &hours))
		return false;
	if (**at == ':' && ((*at)++, !read_number(at, 59, &minutes)))
		return false;
	if (**at == ':' && ((*at)++, !read_number(at, 59, &seconds)))
		return false;
	*out = sign * (hours * HOUR_S + minutes * 60 + seconds);
	return true;
}

static bool read_expected(const char **at, char expected)
{
	if (**at != expected)
		return false;
	(*at)++;
	return true;
}

static bool read_date(const char **at, struct date_rule *out)
{
	*out = (struct date_rule){.kind = '0', .time_s = 2 * HOUR_S};
	if (!read_expected(at, ','))
		return false;
	if (**at == 'M') {
		out->kind = *(*at)++;
		if (!read_number(at, 12, &out->month) || !read_expected(at, '.') ||
			!read_number(at, 5, &out->week) || !read_expected(at, '.') ||
			!read_number(at, 6, &out->day) || out->month < 1 || out->week < 1)
			return false;
	} else {
		if (**at == 'J')
			out->kind = *(*at)++;
		if (!read_number(at, 365, &out->day))
			return false;
	}
	return **at != '/' || ((*at)++, read_clock(at, &out->time_s));
}

/* POSIX counts offsets westward. */
static bool read_rule(const char *text, struct tz_rule *out)
{
	*out = (struct tz_rule){0};
	if (!read_name(&text) || !read_clock(&text, &out->standard_s))
		return false;
	out->standard_s = -out->standard_s;
	if (!*text)
		return true;
	out->has_summer = true;
	out->summer_s = out->standard_s + HOUR_S;
	if (!read_name(&text))
		return false;
	if (*text != ',') {
		if (!read_clock(&text, &out->summer_s))
			return false;
		out->summer_s = -out->summer_s;
	}
	return read_date(&text, &out->begins) && read_date(&text, &out->ends) && !*text;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days since 1970 of the first of January, from 1970 on. */
static int64_t year_day(int year)
{
	int64_t before = year - 1;

	return (int64_t)365 * (year - 1970) + before / 4 - before / 100 + before / 400 - 477;
}

static int64_t day_of(const struct date_rule *rule, int year)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
	bool leap = is_leap(year);
	int64_t first = year_day(year), last;

	if (rule->kind == '0')
		return first + rule->day;
	/* J counts as if there were no 29 February. */
	if (rule->kind == 'J')
		return first + rule->day - 1 + (leap && rule->day > 59);
	last = first + before[rule->month] - 1 + (leap && rule->month >= 2);
	first += before[rule->month - 1] + (leap && rule->month > 2);
	/* 1970-01-01 was a Thursday, day 4 of the week. */
	first += (rule->day - (first + 4) % 7 + 7) % 7 + 7 * (rule->week - 1);
	return first > last ? first - 7 : first;
}

/* Of each year the two changes, in their order. */
static bool write_out(struct maker *maker, const struct tz_rule *rule, int64_t after_s)
{
	for (int year = 1970; year <= LAST_YEAR; year++) {
		struct tz_change change[2] = {
			{day_of(&rule->begins, year) * DAY_S + rule->begins.time_s -
					rule->standard_s,
				rule->summer_s},
			{day_of(&rule->ends, year) * DAY_S + rule->ends.time_s - rule->summer_s,
				rule->standard_s},
		};
		int first = change[1].at_s < change[0].at_s;

		if (change[first].at_s > maker->until_s)
			break;
		for (int i = 0; i < 2; i++) {
			const struct tz_change *next = &change[first ^ i];

			if (next->at_s > after_s && !take(maker, next->at_s, next->offset_s))
				return false;
		}
	}
	return true;
}

static bool take_footer(
	struct maker *maker, const unsigned char *bytes, size_t count, int64_t after_s)
{
	const unsigned char *end;
	char text[256];
	struct tz_rule rule;

	if (count < 2 || bytes[0] != '\n')
		return false;
	end = memchr(bytes + 1, '\n', count - 1);
	if (!end || (size_t)(end - bytes) > sizeof text)
		return false;
	memcpy(text, bytes + 1, (size_t)(end - bytes) - 1);
	text[end - bytes - 1] = '\0';
	/* Without a rule nothing is known of later years; the last offset stays. */
	if (!text[0])
		return true;
	if (strlen(text) != (size_t)(end - bytes) - 1 || !read_rule(text, &rule))
		return false;
	if (!rule.has_summer)
		return true;
	return write_out(maker, &rule, after_s);
}

bool tzif_read(const unsigned char *bytes, size_t count, int64_t from_s, int64_t until_s,
	struct tz_table *out)
{
	struct maker maker = {.table = out, .from_s = from_s, .until_s = until_s};
	struct part old, part;
	int64_t last_s;

	out->count = 0;
	out->offset_s = 0;
	if (!read_part(bytes, count, 4, &old) ||
		!read_part(bytes + old.bytes, count - old.bytes, 8, &part))
		return false;
	count -= old.bytes + part.bytes;
	return take_part(&maker, &part, &last_s) &&
	       take_footer(&maker, bytes + old.bytes + part.bytes, count, last_s);
}

/* ---- files ---- */

/* "Europe/Berlin", and nothing that leads out of the folder. */
static bool is_zone_name(struct str name)
{
	if (name.len == 0 || name.len > TZ_MAX_NAME || !isupper((unsigned char)name.ptr[0]))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];

		if (!isalnum(c) && c != '_' && c != '-' && c != '+' && c != '/')
			return false;
		if (c == '/' && (i + 1 == name.len || name.ptr[i + 1] == '/'))
			return false;
	}
	return true;
}

enum error tz_load(struct str name, int64_t from_s, int64_t until_s, struct tz_table *out)
{
	const char *folder = getenv("TZDIR");
	unsigned char *bytes;
	char path[512];
	size_t count = 0;
	FILE *file;
	bool good;

	if (!is_zone_name(name))
		return ERR_NOT_FOUND;
	if (!folder || !*folder)
		folder = "/usr/share/zoneinfo";
	if (snprintf(path, sizeof path, "%s/%.*s", folder, STR_ARG(name)) >= (int)sizeof path)
		return ERR_NOT_FOUND;
	file = fopen(path, "re");
	if (!file)
		return ERR_NOT_FOUND;
	bytes = malloc(FILE_MAX_BYTES);
	if (bytes)
		count = fread(bytes, 1, FILE_MAX_BYTES, file);
	fclose(file);
	if (!bytes)
		return ERR_NO_MEMORY;
	good = tzif_read(bytes, count, from_s, until_s, out);
	free(bytes);
	return good ? ERR_OK : ERR_NOT_FOUND;
}
