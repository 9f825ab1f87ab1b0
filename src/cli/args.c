/*
 * The first thing that happens to what a person typed. All faults are told at once, each with the
 * nearest thing that exists.
 */
#include "cli/args.h"

#include <stdarg.h>
#include <string.h>

#include "base/num.h"
#include "base/options.h"

enum { MAX_NAMES = 96, NAME_SIZE = 48 };

static void fault(struct args *args, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct args *args, const char *format, ...)
{
	va_list list;

	fputs("winnow: ", args->errors);
	va_start(list, format);
	vfprintf(args->errors, format, list);
	va_end(list);
	fputc('\n', args->errors);
	args->faults++;
}

/* An option as it was found: where its field is, and how to name it in a message. */
struct found {
	const struct arg_spec *spec;
	char *values;
};

static bool find_name(const struct args *args, struct str name, struct found *out)
{
	for (size_t t = 0; t < args->table_count; t++) {
		const struct arg_table *table = &args->tables[t];

		for (size_t i = 0; i < table->count; i++) {
			if (!str_is(name, table->specs[i].name))
				continue;
			*out = (struct found){&table->specs[i], table->values};
			return true;
		}
	}
	return false;
}

static bool find_letter(const struct args *args, char letter, struct found *out)
{
	for (size_t t = 0; t < args->table_count; t++) {
		const struct arg_table *table = &args->tables[t];

		for (size_t i = 0; i < table->count; i++) {
			if (table->specs[i].letter != letter)
				continue;
			*out = (struct found){&table->specs[i], table->values};
			return true;
		}
	}
	return false;
}

static void unknown_option(struct args *args, struct str word)
{
	char texts[MAX_NAMES][NAME_SIZE];
	const char *names[MAX_NAMES + 1];
	char shown[NAME_SIZE];
	const char *closest;
	size_t count = 0;

	for (size_t t = 0; t < args->table_count; t++) {
		for (size_t i = 0; i < args->tables[t].count && count < MAX_NAMES; i++) {
			snprintf(texts[count], NAME_SIZE, "--%s", args->tables[t].specs[i].name);
			names[count] = texts[count];
			count++;
		}
	}
	names[count] = NULL;
	/* Never what follows '=': it may be a secret. */
	snprintf(shown, sizeof shown, "%.*s", STR_ARG(word));
	closest = closest_name(shown, names);
	if (closest)
		fault(args, "there is no option %s; did you mean %s?", shown, closest);
	else
		fault(args, "there is no option %s", shown);
}

static bool parse_int(const char *text, int64_t *out)
{
	bool negative = text[0] == '-';
	uint64_t number;

	if (!num_parse_u64(str_from(text + negative), &number) || number > INT64_MAX)
		return false;
	*out = negative ? -(int64_t)number : (int64_t)number;
	return true;
}

static void set_int(struct args *args, const struct arg_spec *spec, void *field, const char *text)
{
	int64_t number;

	if (!parse_int(text, &number))
		fault(args, "--%s: '%s' is not a whole number", spec->name, text);
	else if (number < spec->min)
		fault(args, "--%s: %s is too small: at least %lld", spec->name, text,
			(long long)spec->min);
	else if (number > spec->max)
		fault(args, "--%s: %s is too large: at most %lld", spec->name, text,
			(long long)spec->max);
	else
		memcpy(field, &number, sizeof number);
}

static void set_value(struct args *args, const struct found *found, const char *text)
{
	const struct arg_spec *spec = found->spec;
	void *field = found->values + spec->offset;
	struct arg_list *list;

	switch (spec->kind) {
	case ARG_FLAG:
	case ARG_REFUSED: break;
	case ARG_TEXT: memcpy(field, &text, sizeof text); break;
	case ARG_INT: set_int(args, spec, field, text); break;
	case ARG_LIST:
		list = field;
		if (list->count == ARG_LIST_MAX)
			fault(args, "--%s: more than %d times", spec->name, ARG_LIST_MAX);
		else
			list->items[list->count++] = text;
		break;
	}
}

static bool takes_value(const struct arg_spec *spec)
{
	return spec->kind != ARG_FLAG && spec->kind != ARG_REFUSED;
}

/* Without a value of its own the next argument is taken; returns how many were used (0 or 1). */
static int use_option(
	struct args *args, const struct found *found, const char *value, const char *next)
{
	const struct arg_spec *spec = found->spec;

	if (spec->kind == ARG_REFUSED) {
		fault(args, "--%s: %s", spec->name, spec->help);
		/* What was meant as its value is no word. */
		return !value && next && next[0] != '-';
	}
	if (!takes_value(spec)) {
		if (value)
			fault(args, "--%s takes no value", spec->name);
		else
			*(bool *)(void *)(found->values + spec->offset) = true;
		return 0;
	}
	if (value) {
		set_value(args, found, value);
		return 0;
	}
	if (!next || strncmp(next, "--", 2) == 0) {
		fault(args, "--%s needs a value: --%s %s", spec->name, spec->name,
			spec->placeholder);
		return 0;
	}
	set_value(args, found, next);
	return 1;
}

static int read_long(struct args *args, const char *text, const char *next)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	struct found found;

	if (!find_name(args, (struct str){text + 2, len - 2}, &found)) {
		unknown_option(args, (struct str){text, len});
		return 0;
	}
	return use_option(args, &found, equals ? equals + 1 : NULL, next);
}

/* "-n", "-nq", "-w demo", "-wdemo". */
static int read_letters(struct args *args, const char *text, const char *next)
{
	for (const char *at = text + 1; *at; at++) {
		struct found found;

		if (!find_letter(args, *at, &found)) {
			fault(args, "there is no option -%c", *at);
			return 0;
		}
		if (takes_value(found.spec))
			return use_option(args, &found, at[1] ? at + 1 : NULL, next);
		use_option(args, &found, NULL, NULL);
	}
	return 0;
}

static bool is_option(const char *text)
{
	/* A lone "-" is standard input. */
	return text[0] == '-' && text[1] != '\0';
}

int args_read(struct args *args, int argc, char *const *argv, int at)
{
	bool only_words = false;

	for (; at < argc; at++) {
		const char *text = argv[at];
		const char *next = at + 1 < argc ? argv[at + 1] : NULL;

		if (!only_words && strcmp(text, "--") == 0) {
			only_words = true;
			continue;
		}
		if (!only_words && is_option(text)) {
			at += text[1] == '-' ? read_long(args, text, next)
					     : read_letters(args, text, next);
			continue;
		}
		if (args->stop_at_word)
			return at;
		args->words[args->word_count++] = text;
	}
	return at;
}

static int usage_of(const struct arg_spec *spec, char *text, size_t bytes)
{
	char letter[8] = "    ";

	if (spec->letter)
		snprintf(letter, sizeof letter, "-%c, ", spec->letter);
	return snprintf(text, bytes, "  %s--%s%s%s", letter, spec->name,
		takes_value(spec) ? " " : "", takes_value(spec) ? spec->placeholder : "");
}

void args_help(const struct arg_spec *specs, size_t count, FILE *out)
{
	char text[2 * NAME_SIZE];
	int width = 0;

	for (size_t i = 0; i < count; i++) {
		int len = usage_of(&specs[i], text, sizeof text);

		if (specs[i].kind != ARG_REFUSED && len > width)
			width = len;
	}
	for (size_t i = 0; i < count; i++) {
		if (specs[i].kind == ARG_REFUSED)
			continue;
		usage_of(&specs[i], text, sizeof text);
		fprintf(out, "%-*s  %s\n", width, text, specs[i].help);
	}
}
