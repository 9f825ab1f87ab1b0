/*
 * Where requests come from. Tokens are worth stealing, so an address that others can reach needs
 * TLS here, or the word of the operator that a proxy in front provides it.
 */
#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

enum { BACKLOG = 1024 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t parse(const char *text, uint16_t port, union address *out)
{
	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		return sizeof out->v4;
	}
	if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons(port);
		return sizeof out->v6;
	}
	return 0;
}

static bool is_loopback(const union address *address)
{
	const struct in6_addr *v6 = &address->v6.sin6_addr;

	if (address->any.sa_family == AF_INET)
		return (ntohl(address->v4.sin_addr.s_addr) >> 24) == 127;
	if (IN6_IS_ADDR_V4MAPPED(v6))
		return v6->s6_addr[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(v6);
}

static enum error refuse(const char *text, uint16_t port, const char *step)
{
	log_write(LOG_ERROR, "listen_failed", "Cannot listen", LOG_S("address", text),
		LOG_I("port", port), LOG_S("step", step), LOG_S("reason", strerror(errno)), NULL);
	return ERR_INTERNAL;
}

enum error listen_open(const char *text, uint16_t port, bool exposed, int *fd, uint16_t *bound_port)
{
	union address address;
	socklen_t len = parse(text, port, &address);
	const char *step = NULL;
	int one = 1;
	int s;

	if (len == 0) {
		log_write(LOG_ERROR, "listen_failed",
			"The listen address must be a numeric address", LOG_S("address", text),
			NULL);
		return ERR_INVALID;
	}
	if (!exposed && !is_loopback(&address)) {
		log_write(LOG_ERROR, "listen_refused",
			"An address other than loopback needs a TLS certificate or --behind-proxy",
			LOG_S("address", text), NULL);
		return ERR_INVALID;
	}
	s = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return refuse(text, port, "socket");
	if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0)
		step = "reuse";
	else if (bind(s, &address.any, len) != 0)
		step = "bind";
	else if (listen(s, BACKLOG) != 0)
		step = "listen";
	else if (getsockname(s, &address.any, &len) != 0)
		step = "name";
	if (step) {
		enum error error = refuse(text, port, step);

		close(s);
		return error;
	}
	*bound_port = ntohs(
		address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
	*fd = s;
	return ERR_OK;
}
