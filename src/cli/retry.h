/*
 * Trying again what is safe to send again.
 */
#ifndef WINNOW_CLI_RETRY_H
#define WINNOW_CLI_RETRY_H

#include <stdint.h>

#include "cli/cli.h"

/*
 * How long to wait before try number `attempt` + 1 (from 0): 0.5 s, doubling up to 30 s, up to a
 * quarter more by `random`; not less than the server asked for (-1: nothing), of which at most two
 * minutes are granted.
 */
int64_t retry_delay_ms(unsigned attempt, int64_t retry_after_s, uint32_t random);

/* cli_send, again up to `retries` times while there is no answer, the server cannot serve now, or it
 * still works at an earlier try with the same Idempotency-Key. */
enum http_result retry_send(struct cli *cli, const struct http_request *request, unsigned retries,
	struct http_response *response);

#endif
