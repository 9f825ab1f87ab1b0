/*
 * The configuration of the daemon and of each command of the client, read from one table. Who
 * starts a service with a misspelt variable should hear of it now and not in an incident, so
 * everything that is not understood is a fault, and all faults are told at once.
 */
#include "base/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const char variable_prefix[] = "WINNOW_";

enum { NAME_SIZE = 96, SECRET_LINE_BYTES = 4096 };

struct reader {
	const struct option_spec *specs;
	size_t count;
	char *values;
	char *const *env;
	const char *const *known_elsewhere;
	FILE *errors;
	int faults;
	bool *by_flag; /* per option: given by a flag, which beats its variable */
};

static void fault(struct reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void fault(struct reader *reader, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(reader->errors, format, args);
	va_end(args);
	fputc('\n', reader->errors);
	reader->faults++;
}

/* "http-threads" with the suffix "-file" is WINNOW_HTTP_THREADS_FILE. */
static const char *variable_of(const char *name, const char *suffix, char text[NAME_SIZE])
{
	snprintf(text, NAME_SIZE, "%s%s%s", variable_prefix, name, suffix);
	for (char *c = text + sizeof variable_prefix - 1; *c; c++) {
		if (*c == '-')
			*c = '_';
		else if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	}
	return text;
}

static bool is_true(const char *text)
{
	return strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
}

static bool is_false(const char *text)
{
	return strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

static bool parse_int(const char *text, int64_t *out)
{
	const char *digits = text + (*text == '-');
	char *end;
	long long value;

	/* strtoll alone would take blanks and '+'. */
	if (*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (*end != '\0' || errno != 0)
		return false;
	*out = value;
	return true;
}

/* `where` names the flag or variable in messages; a secret's text never gets into one. */
static void set_value(
	struct reader *reader, const struct option_spec *spec, const char *where, const char *text)
{
	void *field = reader->values + spec->offset;
	int64_t number;

	switch (spec->kind) {
	case OPTION_TEXT:
	case OPTION_SECRET: memcpy(field, &text, sizeof text); break;
	case OPTION_BOOL: {
		bool value = is_true(text);

		if (!value && !is_false(text)) {
			fault(reader, "%s: '%s' is neither true nor false", where, text);
			break;
		}
		memcpy(field, &value, sizeof value);
		break;
	}
	case OPTION_INT:
		if (!parse_int(text, &number)) {
			fault(reader, "%s: '%s' is not a whole number", where, text);
			break;
		}
		if (number < spec->min || number > spec->max) {
			fault(reader, "%s: %lld is not between %lld and %lld", where,
				(long long)number, (long long)spec->min, (long long)spec->max);
			break;
		}
		memcpy(field, &number, sizeof number);
		break;
	}
}

/* The file's first line; NULL after a fault. */
static const char *read_secret(struct reader *reader, const char *where, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[SECRET_LINE_BYTES + 2];
	char *secret = NULL;
	size_t len = 0;
	int c;

	if (!file) {
		fault(reader, "%s: cannot read %s: %s", where, path, strerror(errno));
		return NULL;
	}
	while (len < sizeof line && (c = getc(file)) != EOF && c != '\n')
		line[len++] = (char)c;
	if (ferror(file)) {
		fault(reader, "%s: cannot read %s: %s", where, path, strerror(errno));
		goto out;
	}
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len == 0) {
		fault(reader, "%s: the first line of %s is empty", where, path);
		goto out;
	}
	if (len > SECRET_LINE_BYTES) {
		fault(reader, "%s: the first line of %s is longer than %d bytes", where, path,
			SECRET_LINE_BYTES);
		goto out;
	}
	if (memchr(line, '\0', len)) {
		fault(reader, "%s: the first line of %s holds a NUL byte", where, path);
		goto out;
	}
	secret = strndup(line, len);
	if (!secret)
		fault(reader, "%s: out of memory", where);
out:
	explicit_bzero(line, sizeof line);
	fclose(file);
	return secret;
}

static void set_secret_from_file(
	struct reader *reader, const struct option_spec *spec, const char *where, const char *path)
{
	const char *secret = read_secret(reader, where, path);

	if (secret)
		set_value(reader, spec, where, secret);
}

static const char *env_get(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env && *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

static void set_defaults(struct reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		const struct option_spec *spec = &reader->specs[i];
		char *field = reader->values + spec->offset;
		char where[NAME_SIZE + 16];

		switch (spec->kind) {
		case OPTION_TEXT:
		case OPTION_SECRET: memset(field, 0, sizeof(const char *)); break;
		case OPTION_INT: memset(field, 0, sizeof(int64_t)); break;
		case OPTION_BOOL: memset(field, 0, sizeof(bool)); break;
		}
		if (!spec->fallback)
			continue;
		snprintf(where, sizeof where, "default of --%s", spec->name);
		set_value(reader, spec, where, spec->fallback);
	}
}

/* Values of variables; for secrets only where no flag has given one. */
static void read_variables(struct reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		const struct option_spec *spec = &reader->specs[i];
		char name[NAME_SIZE], file_name[NAME_SIZE];
		const char *text = env_get(reader->env, variable_of(spec->name, "", name));
		const char *path = NULL;

		if (spec->kind == OPTION_SECRET)
			path = env_get(reader->env, variable_of(spec->name, "-file", file_name));
		if (text && path)
			fault(reader, "%s and %s are both set; keep one of them", name, file_name);
		else if (reader->by_flag[i])
			continue;
		else if (text)
			set_value(reader, spec, name, text);
		else if (path)
			set_secret_from_file(reader, spec, file_name, path);
	}
}

static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[NAME_SIZE + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b_len];
}

const char *closest_name(const char *word, const char *const *names)
{
	size_t word_len = strlen(word);
	const char *closest = NULL;
	size_t least = 3;

	if (word_len > NAME_SIZE)
		return NULL;
	for (; *names; names++) {
		size_t len = strlen(*names);
		size_t distance;

		if (len > NAME_SIZE)
			continue;
		distance = edit_distance(word, word_len, *names, len);
		/* Of two letters, two wrong ones are not a slip. */
		if (distance >= least || distance >= (len > word_len ? len : word_len))
			continue;
		least = distance;
		closest = *names;
	}
	return closest;
}

/* A list of names for suggestions; without memory there are just none. */
struct names {
	char (*texts)[NAME_SIZE];
	const char **list;
	size_t count;
};

static void names_init(struct names *names, size_t room)
{
	names->texts = calloc(room + 1, sizeof names->texts[0]);
	names->list = calloc(room + 1, sizeof names->list[0]);
	names->count = 0;
}

static void names_release(struct names *names)
{
	free(names->texts);
	free(names->list);
}

static char *names_next(struct names *names)
{
	char *text;

	if (!names->texts || !names->list)
		return NULL;
	text = names->texts[names->count];
	names->list[names->count++] = text;
	return text;
}

static const char *names_closest(const struct names *names, const char *word)
{
	return names->texts && names->list ? closest_name(word, names->list) : NULL;
}

static void unknown_variable(struct reader *reader, const char *name)
{
	struct names names;
	const char *closest;
	char *text;

	names_init(&names, reader->count * 2);
	for (size_t i = 0; i < reader->count; i++) {
		const struct option_spec *spec = &reader->specs[i];

		text = names_next(&names);
		if (text)
			variable_of(spec->name, "", text);
		text = spec->kind == OPTION_SECRET ? names_next(&names) : NULL;
		if (text)
			variable_of(spec->name, "-file", text);
	}
	closest = names_closest(&names, name);
	if (closest)
		fault(reader, "unknown variable %s; did you mean %s?", name, closest);
	else
		fault(reader, "unknown variable %s", name);
	names_release(&names);
}

static bool is_known_variable(const struct reader *reader, const char *name)
{
	char own[NAME_SIZE];

	for (size_t i = 0; i < reader->count; i++) {
		const struct option_spec *spec = &reader->specs[i];

		if (strcmp(name, variable_of(spec->name, "", own)) == 0)
			return true;
		if (spec->kind == OPTION_SECRET &&
			strcmp(name, variable_of(spec->name, "-file", own)) == 0)
			return true;
	}
	for (const char *const *known = reader->known_elsewhere; known && *known; known++)
		if (strcmp(name, *known) == 0)
			return true;
	return false;
}

static void check_variables(struct reader *reader)
{
	for (char *const *entry = reader->env; entry && *entry; entry++) {
		char name[NAME_SIZE];
		size_t len = strcspn(*entry, "=");

		if (strncmp(*entry, variable_prefix, sizeof variable_prefix - 1) != 0)
			continue;
		/* A name that does not fit is none of ours; its beginning tells enough. */
		snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name),
			*entry);
		if (len >= sizeof name || !is_known_variable(reader, name))
			unknown_variable(reader, name);
	}
}

static void unknown_flag(struct reader *reader, const char *flag, size_t flag_len)
{
	struct names names;
	const char *closest;
	char word[NAME_SIZE];
	char *text;

	names_init(&names, reader->count * 2);
	for (size_t i = 0; i < reader->count; i++) {
		const struct option_spec *spec = &reader->specs[i];
		bool secret = spec->kind == OPTION_SECRET;

		text = names_next(&names);
		if (text)
			snprintf(text, NAME_SIZE, "--%s%s", spec->name, secret ? "-file" : "");
		text = spec->kind == OPTION_BOOL ? names_next(&names) : NULL;
		if (text)
			snprintf(text, NAME_SIZE, "--no-%s", spec->name);
	}
	/* Never what follows '=': it may be a secret. */
	snprintf(word, sizeof word, "%.*s", (int)(flag_len < sizeof word ? flag_len : sizeof word),
		flag);
	closest = names_closest(&names, word);
	if (closest)
		fault(reader, "unknown option %s; did you mean %s?", word, closest);
	else
		fault(reader, "unknown option %s", word);
	names_release(&names);
}

/* One argument that begins with '-', taken apart. */
struct flag {
	const char *text;  /* as it stands in argv */
	struct str name;   /* without "--" and "=..." */
	const char *value; /* behind '='; NULL: none */
	const char *next;  /* the argument that follows, NULL at the end */
};

enum flag_use { FLAG_ALONE, FLAG_WITH_NEXT };

static const struct option_spec *find_spec(
	const struct reader *reader, struct str name, const char *prefix, const char *suffix)
{
	size_t prefix_len = strlen(prefix);
	size_t suffix_len = strlen(suffix);
	struct str middle;

	if (name.len < prefix_len + suffix_len || memcmp(name.ptr, prefix, prefix_len) != 0 ||
		memcmp(name.ptr + name.len - suffix_len, suffix, suffix_len) != 0)
		return NULL;
	middle = (struct str){name.ptr + prefix_len, name.len - prefix_len - suffix_len};
	for (size_t i = 0; i < reader->count; i++)
		if (str_is(middle, reader->specs[i].name))
			return &reader->specs[i];
	return NULL;
}

/* The value that a flag needs, from behind '=' or from the next argument; NULL after a fault. */
static const char *flag_value(
	struct reader *reader, const struct flag *flag, const char *placeholder, enum flag_use *use)
{
	const char *name = flag->name.ptr;
	int len = (int)flag->name.len;

	*use = FLAG_ALONE;
	if (flag->value)
		return flag->value;
	if (!flag->next) {
		fault(reader, "--%.*s needs a value: --%.*s %s", len, name, len, name, placeholder);
		return NULL;
	}
	if (strncmp(flag->next, "--", 2) == 0) {
		fault(reader, "--%.*s needs a value; one that begins with -- goes as --%.*s=...",
			len, name, len, name);
		return NULL;
	}
	*use = FLAG_WITH_NEXT;
	return flag->next;
}

static enum flag_use refuse_secret(
	struct reader *reader, const struct option_spec *spec, const struct flag *flag)
{
	char variable[NAME_SIZE];

	fault(reader, "--%s: secrets are never flags; use %s or --%s-file", spec->name,
		variable_of(spec->name, "", variable), spec->name);
	/* What was meant as its value is not the first argument. */
	return !flag->value && flag->next && flag->next[0] != '-' ? FLAG_WITH_NEXT : FLAG_ALONE;
}

static enum flag_use read_known_flag(
	struct reader *reader, const struct option_spec *spec, const struct flag *flag)
{
	enum flag_use use = FLAG_ALONE;
	char where[NAME_SIZE];
	const char *value = flag->value;

	if (spec->kind == OPTION_SECRET)
		return refuse_secret(reader, spec, flag);
	if (spec->kind == OPTION_BOOL && !value)
		value = "true";
	else
		value = flag_value(
			reader, flag, spec->placeholder ? spec->placeholder : "VALUE", &use);
	if (!value)
		return use;
	snprintf(where, sizeof where, "--%s", spec->name);
	set_value(reader, spec, where, value);
	reader->by_flag[spec - reader->specs] = true;
	return use;
}

static enum flag_use read_flag(struct reader *reader, const struct flag *flag)
{
	const struct option_spec *spec;
	enum flag_use use;
	const char *path;
	char where[NAME_SIZE];

	spec = flag->name.ptr ? find_spec(reader, flag->name, "", "") : NULL;
	if (spec)
		return read_known_flag(reader, spec, flag);

	spec = flag->name.ptr ? find_spec(reader, flag->name, "no-", "") : NULL;
	if (spec && spec->kind == OPTION_BOOL) {
		if (flag->value) {
			fault(reader, "--no-%s takes no value", spec->name);
			return FLAG_ALONE;
		}
		set_value(reader, spec, spec->name, "false");
		reader->by_flag[spec - reader->specs] = true;
		return FLAG_ALONE;
	}

	spec = flag->name.ptr ? find_spec(reader, flag->name, "", "-file") : NULL;
	if (spec && spec->kind == OPTION_SECRET) {
		path = flag_value(reader, flag, "FILE", &use);
		if (!path)
			return use;
		snprintf(where, sizeof where, "--%s-file", spec->name);
		set_secret_from_file(reader, spec, where, path);
		reader->by_flag[spec - reader->specs] = true;
		return use;
	}

	unknown_flag(reader, flag->text, strcspn(flag->text, "="));
	return FLAG_ALONE;
}

static struct flag take_apart(const char *text, const char *next)
{
	struct flag flag = {.text = text, .next = next};
	const char *equals = strchr(text, '=');

	if (strncmp(text, "--", 2) != 0)
		return flag;
	flag.name.ptr = text + 2;
	flag.name.len = equals ? (size_t)(equals - flag.name.ptr) : strlen(flag.name.ptr);
	flag.value = equals ? equals + 1 : NULL;
	return flag;
}

static int read_flags(struct reader *reader, int argc, char *const *argv)
{
	int at = 1;

	while (at < argc) {
		struct flag flag;

		if (strcmp(argv[at], "--") == 0)
			return at + 1;
		/* A lone "-" is an argument: by custom, standard input. */
		if (argv[at][0] != '-' || argv[at][1] == '\0')
			return at;
		flag = take_apart(argv[at], at + 1 < argc ? argv[at + 1] : NULL);
		at += read_flag(reader, &flag) == FLAG_WITH_NEXT ? 2 : 1;
	}
	return at;
}

int options_read(const struct option_spec *specs, size_t count, void *values, int argc,
	char *const *argv, char *const *env, const char *const *known_elsewhere, int *rest,
	FILE *errors)
{
	struct reader reader = {
		.specs = specs,
		.count = count,
		.values = values,
		.env = env,
		.known_elsewhere = known_elsewhere,
		.errors = errors,
		.by_flag = calloc(count + 1, sizeof(bool)),
	};

	*rest = argc;
	set_defaults(&reader);
	if (!reader.by_flag) {
		fault(&reader, "out of memory");
		return reader.faults;
	}
	*rest = read_flags(&reader, argc, argv);
	read_variables(&reader);
	check_variables(&reader);
	free(reader.by_flag);
	return reader.faults;
}

/* The first column of the help: "--http-threads N". */
static void usage_of(const struct option_spec *spec, char text[2 * NAME_SIZE])
{
	const char *placeholder = spec->placeholder ? spec->placeholder : "VALUE";

	switch (spec->kind) {
	case OPTION_BOOL: snprintf(text, 2 * NAME_SIZE, "--[no-]%s", spec->name); break;
	case OPTION_SECRET: snprintf(text, 2 * NAME_SIZE, "--%s-file FILE", spec->name); break;
	case OPTION_TEXT:
	case OPTION_INT: snprintf(text, 2 * NAME_SIZE, "--%s %s", spec->name, placeholder); break;
	}
}

static const char *shown_default(const struct option_spec *spec)
{
	if (spec->kind == OPTION_BOOL && !spec->fallback)
		return "false";
	if (spec->kind == OPTION_INT && !spec->fallback)
		return "0";
	return spec->fallback && spec->fallback[0] ? spec->fallback : "-";
}

static void widen(int *width, size_t len)
{
	if ((int)len > *width)
		*width = (int)len;
}

void options_help(const struct option_spec *specs, size_t count, FILE *out)
{
	int usage_width = (int)strlen("OPTION");
	int variable_width = (int)strlen("VARIABLE");
	int default_width = (int)strlen("DEFAULT");
	char usage[2 * NAME_SIZE];
	char variable[NAME_SIZE];

	for (size_t i = 0; i < count; i++) {
		usage_of(&specs[i], usage);
		widen(&usage_width, strlen(usage));
		widen(&variable_width, strlen(variable_of(specs[i].name, "", variable)));
		widen(&default_width, strlen(shown_default(&specs[i])));
	}
	fprintf(out, "  %-*s  %-*s  %-*s  %s\n", usage_width, "OPTION", variable_width, "VARIABLE",
		default_width, "DEFAULT", "MEANING");
	for (size_t i = 0; i < count; i++) {
		const struct option_spec *spec = &specs[i];

		usage_of(spec, usage);
		fprintf(out, "  %-*s  %-*s  %-*s  %s", usage_width, usage, variable_width,
			variable_of(spec->name, "", variable), default_width, shown_default(spec),
			spec->help);
		if (spec->kind == OPTION_INT)
			fprintf(out, " (%lld to %lld)", (long long)spec->min, (long long)spec->max);
		fputc('\n', out);
	}
}

void options_print(const struct option_spec *specs, size_t count, const void *values, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct option_spec *spec = &specs[i];
		const char *field = (const char *)values + spec->offset;
		char variable[NAME_SIZE];
		const char *text = NULL;
		int64_t number;
		bool truth;

		variable_of(spec->name, "", variable);
		switch (spec->kind) {
		case OPTION_INT:
			memcpy(&number, field, sizeof number);
			fprintf(out, "%s=%lld\n", variable, (long long)number);
			continue;
		case OPTION_BOOL:
			memcpy(&truth, field, sizeof truth);
			fprintf(out, "%s=%s\n", variable, truth ? "true" : "false");
			continue;
		case OPTION_TEXT:
		case OPTION_SECRET: memcpy(&text, field, sizeof text); break;
		}
		if (!text)
			fprintf(out, "# %s is not set\n", variable);
		else
			fprintf(out, "%s=%s\n", variable,
				spec->kind == OPTION_SECRET && text[0] ? "***" : text);
	}
}
