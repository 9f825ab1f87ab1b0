/*
 * A push has to survive a restart of the server: items are settled by their natural key, a payload
 * by its Idempotency-Key, so a request whose answer was lost is simply sent again.
 */
#include "cli/retry.h"

#include <errno.h>
#include <time.h>

#include "base/sha256.h"

enum { FIRST_MS = 500, LONGEST_MS = 30 * 1000, LONGEST_ASKED_S = 120 };

int64_t retry_delay_ms(unsigned attempt, int64_t retry_after_s, uint32_t random)
{
	int64_t delay_ms = attempt < 6 ? (int64_t)FIRST_MS << attempt : LONGEST_MS;
	int64_t asked_ms;

	if (delay_ms > LONGEST_MS)
		delay_ms = LONGEST_MS;
	/* So that many clients that lost the server together do not come back together. */
	delay_ms += (int64_t)random % (delay_ms / 4 + 1);
	if (retry_after_s > LONGEST_ASKED_S)
		retry_after_s = LONGEST_ASKED_S;
	asked_ms = retry_after_s * 1000;
	return asked_ms > delay_ms ? asked_ms : delay_ms;
}

static void wait_ms(int64_t ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static void tell_wait(const struct cli *cli, enum http_result result,
	const struct http_response *response, int64_t delay_ms)
{
	double seconds = (double)delay_ms / 1000;

	if (result == HTTP_ANSWERED)
		cli_note(cli, "the server cannot serve now (HTTP %d); trying again in %.1f s",
			response->status, seconds);
	else
		cli_note(cli, "cannot reach %s: %s; trying again in %.1f s", cli->config.url,
			response->error, seconds);
}

/* An earlier try, whose answer was lost, is still at work. */
static bool is_under_way(enum http_result result, const struct http_response *response)
{
	struct json_view *problem;
	bool under_way;

	if (result != HTTP_ANSWERED || response->status != 409 || !response->is_problem)
		return false;
	problem = json_view_parse(buf_view(&response->body), NULL);
	under_way = str_is(json_view_text(problem, "type"), "/problems/idempotency-key-in-flight");
	json_view_free(problem);
	return under_way;
}

enum http_result retry_send(struct cli *cli, const struct http_request *request, unsigned retries,
	struct http_response *response)
{
	for (unsigned attempt = 0;; attempt++) {
		enum http_result result = cli_send(cli, request, response);
		uint32_t random = 0;
		int64_t delay_ms;

		if (attempt == retries ||
			!(cli_may_retry(result, response) || is_under_way(result, response)))
			return result;
		/* Without randomness the wait is only less spread. */
		random_bytes(&random, sizeof random);
		delay_ms = retry_delay_ms(attempt, response->retry_after_s, random);
		tell_wait(cli, result, response, delay_ms);
		wait_ms(delay_ms);
	}
}
