/*
 * The client's settings. The token is never a flag: arguments show in lists of processes and stay
 * in a shell's history.
 */
#include "cli/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "base/options.h"
#include "base/str.h"

static const char default_url[] = "http://127.0.0.1:8080";

enum { DEFAULT_TIMEOUT_S = 60, MAX_TIMEOUT_S = 86400, TOKEN_MAX_BYTES = 4096, VARIABLE_SIZE = 64 };

#define FIELD(name) offsetof(struct config, name)

const struct arg_spec config_options[] = {
	{"url", 0, ARG_TEXT, "URL", 0, 0, FIELD(url),
		"the server (WINNOW_URL; http://127.0.0.1:8080)"},
	{"workspace", 'w', ARG_TEXT, "NAME", 0, 0, FIELD(workspace),
		"name or id of the workspace (WINNOW_WORKSPACE)"},
	{"token-file", 0, ARG_TEXT, "FILE", 0, 0, FIELD(token_file),
		"the token is its first line (WINNOW_TOKEN_FILE, or WINNOW_TOKEN itself)"},
	{"token", 0, ARG_REFUSED, "", 0, 0, 0,
		"a secret on the command line is seen by others; use WINNOW_TOKEN or --token-file"},
	{"ca-file", 0, ARG_TEXT, "FILE", 0, 0, FIELD(ca_file),
		"certificates to trust instead of the system's, in PEM (WINNOW_CA_FILE)"},
	{"timeout", 0, ARG_INT, "SECONDS", 1, MAX_TIMEOUT_S, FIELD(timeout_s),
		"how long one request may take (WINNOW_TIMEOUT; 60)"},
	{"json", 0, ARG_FLAG, NULL, 0, 0, FIELD(json), "print the result as JSON"},
	{"plain", 0, ARG_FLAG, NULL, 0, 0, FIELD(plain),
		"print tables with tabs, without titles, nothing shortened"},
	{"no-color", 0, ARG_FLAG, NULL, 0, 0, FIELD(no_color),
		"no bold or coloured text (NO_COLOR)"},
	{"quiet", 'q', ARG_FLAG, NULL, 0, 0, FIELD(quiet), "no notes, no progress, no summary"},
	{"help", 'h', ARG_FLAG, NULL, 0, 0, FIELD(help), "this help, or a command's"},
	{"version", 0, ARG_FLAG, NULL, 0, 0, FIELD(version), "print the version"},
};

const size_t config_option_count = sizeof config_options / sizeof config_options[0];

/* What the client reads; the daemon's variables and those of scripts may stand beside them. */
static const char *const variables[] = {"WINNOW_URL", "WINNOW_WORKSPACE", "WINNOW_TOKEN",
	"WINNOW_TOKEN_FILE", "WINNOW_CA_FILE", "WINNOW_TIMEOUT", NULL};

static void tell(FILE *errors, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(FILE *errors, const char *format, ...)
{
	va_list args;

	fputs("winnow: ", errors);
	va_start(args, format);
	vfprintf(errors, format, args);
	va_end(args);
	fputc('\n', errors);
}

/* NULL when unset or empty. */
static const char *env_get(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env && *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return (*env)[len + 1] ? *env + len + 1 : NULL;
	return NULL;
}

static bool is_variable(const char *name)
{
	for (const char *const *known = variables; *known; known++)
		if (strcmp(name, *known) == 0)
			return true;
	return false;
}

/* A misspelt variable is silently no setting: the wrong workspace, the wrong server. */
static void warn_misspelt(char *const *env, FILE *errors)
{
	for (; env && *env; env++) {
		size_t len = strcspn(*env, "=");
		char name[VARIABLE_SIZE];
		const char *closest;

		if (strncmp(*env, "WINNOW_", 7) != 0 || len >= sizeof name)
			continue;
		snprintf(name, sizeof name, "%.*s", (int)len, *env);
		closest = is_variable(name) ? NULL : closest_name(name, variables);
		if (closest)
			tell(errors, "the variable %s is not read; did you mean %s?", name,
				closest);
	}
}

/* The host of an http(s) URL, without brackets; "" when there is none. */
static struct str host_of(const char *url)
{
	const char *at = strstr(url, "://");
	struct str host;

	at = at ? at + 3 : url;
	if (*at == '[') {
		host.ptr = at + 1;
		host.len = strcspn(host.ptr, "]");
		return host;
	}
	host.ptr = at;
	host.len = strcspn(at, ":/");
	return host;
}

bool config_url_is_loopback(const char *url)
{
	struct str host = host_of(url);

	if (host.len == 9 && strncasecmp(host.ptr, "localhost", 9) == 0)
		return true;
	if (str_is(host, "::1"))
		return true;
	/* Digits and dots alone: 127.example.com is somebody else. */
	return host.len > 4 && strncmp(host.ptr, "127.", 4) == 0 &&
	       strspn(host.ptr, "0123456789.") >= host.len;
}

const char *config_url_fault(const char *url)
{
	const char *rest;

	if (strncasecmp(url, "http://", 7) == 0)
		rest = url + 7;
	else if (strncasecmp(url, "https://", 8) == 0)
		rest = url + 8;
	else
		return "it must begin with http:// or https://";
	if (*rest == '\0' || *rest == '/' || *rest == ':')
		return "it names no host";
	if (strchr(rest, '@'))
		return "it must not hold a user or a password";
	if (strpbrk(rest, "?#"))
		return "it must have no query and no fragment";
	for (const char *c = rest; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return "it holds a blank or a control character";
	return NULL;
}

static size_t finish_url(struct config *config, char *const *env, FILE *errors)
{
	const char *from = config->url ? "--url" : "WINNOW_URL";
	const char *url = config->url ? config->url : env_get(env, "WINNOW_URL");
	const char *wrong;
	size_t len;

	if (!url)
		url = default_url;
	wrong = config_url_fault(url);
	if (wrong) {
		tell(errors, "%s: %s", from, wrong);
		return 1;
	}
	len = strlen(url);
	while (len > 0 && url[len - 1] == '/')
		len--;
	config->url_text = strndup(url, len);
	if (!config->url_text) {
		tell(errors, "out of memory");
		return 1;
	}
	config->url = config->url_text;
	config->loopback = config_url_is_loopback(url);
	config->encrypted = strncasecmp(url, "https:", 6) == 0;
	return 0;
}

char *config_read_secret(const char *path, FILE *errors)
{
	FILE *file = fopen(path, "re");
	char line[TOKEN_MAX_BYTES + 2];
	char *secret = NULL;
	size_t len;

	if (!file) {
		tell(errors, "cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	/* Unbuffered, so that no copy of it stays behind in freed memory. */
	setvbuf(file, NULL, _IONBF, 0);
	if (!fgets(line, sizeof line, file)) {
		if (ferror(file))
			tell(errors, "cannot read %s: %s", path, strerror(errno));
		else
			tell(errors, "%s is empty", path);
		goto out;
	}
	len = strcspn(line, "\r\n");
	if (line[len] == '\0' && len > TOKEN_MAX_BYTES)
		tell(errors, "the first line of %s is too long for a token", path);
	else if (len == 0)
		tell(errors, "the first line of %s is empty", path);
	else if (!(secret = strndup(line, len)))
		tell(errors, "out of memory");
out:
	explicit_bzero(line, sizeof line);
	fclose(file);
	return secret;
}

/* Visible ASCII alone: anything else would not be a token, and might be another header. */
static bool is_token(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static size_t finish_token(struct config *config, char *const *env, FILE *errors)
{
	const char *text = env_get(env, "WINNOW_TOKEN");
	const char *path = config->token_file;

	if (!path) {
		path = env_get(env, "WINNOW_TOKEN_FILE");
		if (path && text) {
			tell(errors, "WINNOW_TOKEN and WINNOW_TOKEN_FILE are both set; "
				     "keep one of them");
			return 1;
		}
	}
	if (path) {
		config->token = config_read_secret(path, errors);
	} else if (text) {
		config->token = strdup(text);
		if (!config->token)
			tell(errors, "out of memory");
	} else {
		return 0;
	}
	if (!config->token)
		return 1;
	if (is_token(config->token))
		return 0;
	tell(errors, "the token holds characters that no token has");
	return 1;
}

static size_t finish_timeout(struct config *config, char *const *env, FILE *errors)
{
	const char *text = env_get(env, "WINNOW_TIMEOUT");
	uint64_t seconds = DEFAULT_TIMEOUT_S;

	config->timeout_given = text || config->timeout_s > 0;
	if (config->timeout_s > 0)
		return 0;
	if (text && (!num_parse_u64(str_from(text), &seconds) || seconds < 1 ||
			    seconds > MAX_TIMEOUT_S)) {
		tell(errors, "WINNOW_TIMEOUT: '%s' is not a number of seconds from 1 to %d", text,
			MAX_TIMEOUT_S);
		return 1;
	}
	config->timeout_s = (int64_t)seconds;
	return 0;
}

size_t config_finish(struct config *config, char *const *env, FILE *errors)
{
	size_t faults = 0;
	const char *term = env_get(env, "TERM");

	if (!config->quiet)
		warn_misspelt(env, errors);
	faults += finish_url(config, env, errors);
	faults += finish_token(config, env, errors);
	faults += finish_timeout(config, env, errors);
	if (config->json && config->plain) {
		tell(errors, "--json and --plain: one of them");
		faults++;
	}
	if (!config->workspace)
		config->workspace = env_get(env, "WINNOW_WORKSPACE");
	if (!config->ca_file)
		config->ca_file = env_get(env, "WINNOW_CA_FILE");
	if (env_get(env, "NO_COLOR") || (term && strcmp(term, "dumb") == 0))
		config->no_color = true;
	if (faults == 0 && config->token && !config->encrypted && !config->loopback &&
		!config->quiet)
		tell(errors, "the token goes to %s without encryption", config->url);
	return faults;
}

void config_release(struct config *config)
{
	if (config->token)
		explicit_bzero(config->token, strlen(config->token));
	free(config->token);
	free(config->url_text);
	config->token = NULL;
	config->url_text = NULL;
}
