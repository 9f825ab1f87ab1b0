/*
 * The ceiling of what is served from memory: libmicrohttpd in the daemon's mode (epoll, pool of
 * two), which answers every request with the same bytes and header fields and looks at nothing.
 *
 *   bare_mhd BODY-FILE HEADER-FILE HEADER-FILE-304
 *
 * /created makes a response for each request, /shared has one for all, /empty makes an empty 304
 * for each. A header file has one "Name: value" a line. Prints the port, and ends when standard
 * input does.
 */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 32, LINE_MAX_BYTES = 2048, BODY_MAX = 1 << 20 };

struct fields {
	size_t count;
	char *name[FIELDS_MAX], *value[FIELDS_MAX];
};

static char body[BODY_MAX];
static size_t body_bytes;
static struct fields full_fields, empty_fields;
static struct MHD_Response *shared;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void read_body(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		die(path);
	body_bytes = fread(body, 1, sizeof body, file);
	fclose(file);
}

static void read_fields(const char *path, struct fields *out)
{
	char line[LINE_MAX_BYTES];
	FILE *file = fopen(path, "re");

	if (!file)
		die(path);
	while (out->count < FIELDS_MAX && fgets(line, sizeof line, file)) {
		char *colon = strchr(line, ':');

		line[strcspn(line, "\r\n")] = '\0';
		if (!colon)
			continue;
		*colon = '\0';
		out->name[out->count] = strdup(line);
		out->value[out->count] = strdup(colon + 1 + strspn(colon + 1, " "));
		if (!out->name[out->count] || !out->value[out->count])
			die("out of memory");
		out->count++;
	}
	fclose(file);
}

static struct MHD_Response *make(size_t bytes, const struct fields *fields)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(bytes, body, MHD_RESPMEM_PERSISTENT);

	for (size_t i = 0; response && i < fields->count; i++)
		MHD_add_response_header(response, fields->name[i], fields->value[i]);
	return response;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *bytes, void **context)
{
	static int seen;
	struct MHD_Response *response;
	bool empty = url[1] == 'e';
	enum MHD_Result result;

	(void)cls;
	(void)method;
	(void)version;
	(void)data;
	(void)bytes;
	if (!*context) {
		*context = &seen;
		return MHD_YES;
	}
	if (url[1] == 's')
		return MHD_queue_response(connection, MHD_HTTP_OK, shared);
	response = make(empty ? 0 : body_bytes, empty ? &empty_fields : &full_fields);
	result = MHD_queue_response(
		connection, empty ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *daemon;

	if (argc != 4) {
		fputs("bare_mhd BODY-FILE HEADER-FILE HEADER-FILE-304\n", stderr);
		return 2;
	}
	read_body(argv[1]);
	read_fields(argv[2], &full_fields);
	read_fields(argv[3], &empty_fields);
	shared = make(body_bytes, &full_fields);
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, NULL,
		MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE, 2u,
		MHD_OPTION_CONNECTION_LIMIT, 4096u, MHD_OPTION_END);
	if (!shared || !daemon)
		die("the server does not start");
	info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	printf("%u\n", info ? info->port : 0u);
	fflush(stdout);
	while (getchar() != EOF)
		;
	MHD_stop_daemon(daemon);
	MHD_destroy_response(shared);
	return 0;
}
