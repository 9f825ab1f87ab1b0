/*
 * The listening socket.
 */
#ifndef WINNOW_HTTP_LISTEN_H
#define WINNOW_HTTP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Listens on a numeric address. ERR_INVALID when it is none, or not loopback while `exposed` is
 * false; ERR_INTERNAL when the system refuses; logged either way. *port is what was bound.
 */
enum error listen_open(
	const char *address, uint16_t port, bool exposed, int *fd, uint16_t *bound_port);

#endif
