/*
 * Health and metrics: what a probe and Prometheus read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bare_request.h"
#include "base/clock.h"
#include "http/assets.h"
#include "http/metrics.h"
#include "http/resources/tables.h"
#include "live/live.h"
#include "service/service.h"

/* Where the build embeds the real one, that is linked. */
__attribute__((weak)) const unsigned char asset_openapi_yaml[] = "openapi: 3.1.0\n";
__attribute__((weak)) const size_t asset_openapi_yaml_size = 15;

static struct live_health health;

void live_health(struct live *live, struct live_health *out)
{
	(void)live;
	*out = health;
}

static struct service service = {.outage_limit_us = 900 * (int64_t)US_PER_S};

static int ask(const char *path, struct response *response)
{
	struct request request;

	bare_init(&request, response);
	request.service = &service;
	for (size_t i = 0; i < system_routes.count; i++) {
		if (strcmp(system_routes.routes[i].path, path) != 0)
			continue;
		assert_int_equal(ROUTE_PUBLIC | ROUTE_MEMORY, system_routes.routes[i].flags);
		assert_int_equal(ERR_OK, system_routes.routes[i].handle(&request, response));
		arena_release(&request.arena);
		return response->status;
	}
	fail_msg("no route %s", path);
	return 0;
}

static int status_of(const char *path)
{
	struct response response;
	int status = ask(path, &response);

	buf_release(&response.body);
	return status;
}

static void test_readiness(void **state)
{
	static const struct {
		bool up, ranking, draining;
		int64_t outage_s;
		int ready, writes;
	} cases[] = {
		{true, true, false, 0, 200, 200},
		{true, false, false, 0, 200, 200},
		{true, true, true, 0, 503, 503},
		{false, true, false, 1, 200, 503},
		{false, true, false, 899, 200, 503},
		{false, true, false, 900, 503, 503},
		{false, false, false, 1, 503, 503},
		{false, true, true, 1, 503, 503},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		health = (struct live_health){
			cases[i].up, cases[i].outage_s * US_PER_S, cases[i].ranking};
		service.draining = cases[i].draining;
		assert_int_equal(200, status_of("/livez"));
		assert_int_equal(cases[i].ready, status_of("/readyz"));
		assert_int_equal(cases[i].writes, status_of("/readyz/writes"));
	}
	service.draining = 0;
}

static void test_body(void **state)
{
	struct response response;

	(void)state;
	health = (struct live_health){false, 61 * (int64_t)US_PER_S, true};
	ask("/readyz", &response);
	assert_string_equal("{\"ready\":true,\"writes\":false,\"draining\":false,"
			    "\"database\":{\"up\":false,\"outage_seconds\":61}}",
		response.body.data);
	buf_release(&response.body);
	ask("/openapi.yaml", &response);
	assert_string_equal("application/yaml", response.content_type);
	assert_int_equal(asset_openapi_yaml_size, response.body.len);
	buf_release(&response.body);
}

/* Each sample belongs to a family that was announced, and no line is anything else. */
static void check_exposition(char *text)
{
	char family[128] = "";
	char *rest = text;
	char *line;

	while ((line = strsep(&rest, "\n")) && rest) {
		size_t len;

		if (strncmp(line, "# HELP ", 7) == 0) {
			assert_int_equal(1, sscanf(line + 7, "%127s", family));
			continue;
		}
		if (strncmp(line, "# TYPE ", 7) == 0) {
			assert_int_equal(0, strncmp(line + 7, family, strlen(family)));
			continue;
		}
		len = strlen(family);
		assert_int_equal(0, strncmp(line, family, len));
		assert_non_null(strchr("{ _", line[len]));
		assert_non_null(strrchr(line, ' '));
		assert_null(strstr(strrchr(line, ' '), "nan"));
	}
	assert_string_equal("", line); /* the last line ends */
}

static void test_metrics(void **state)
{
	static const struct route_table *const tables[] = {&system_routes};
	struct router *router = router_new(tables, 1);
	struct response response;

	(void)state;
	assert_non_null(router);
	assert_true(http_metrics_init(router));
	http_metrics_observe(0, 200, 50);
	http_metrics_observe(0, 200, 20000);
	http_metrics_observe(0, 503, 6000000);
	http_metrics_observe(router_count(router), 404, -5);
	ask("/metrics", &response);
	assert_string_equal("text/plain; version=0.0.4; charset=utf-8", response.content_type);
#define has(line) assert_non_null(strstr(response.body.data, line "\n"))
#define LIVEZ "route=\"/livez\",method=\"GET\""
	has("winnow_http_requests_total{" LIVEZ ",status=\"2xx\"} 2");
	has("winnow_http_requests_total{" LIVEZ ",status=\"5xx\"} 1");
	has("winnow_http_requests_total{" LIVEZ ",status=\"4xx\"} 0");
	has("winnow_http_requests_total{route=\"unmatched\",method=\"any\",status=\"4xx\"} 1");
	has("winnow_http_request_duration_seconds_bucket{" LIVEZ ",le=\"0.0001\"} 1");
	has("winnow_http_request_duration_seconds_bucket{" LIVEZ ",le=\"0.025\"} 2");
	has("winnow_http_request_duration_seconds_bucket{" LIVEZ ",le=\"5\"} 2");
	has("winnow_http_request_duration_seconds_bucket{" LIVEZ ",le=\"+Inf\"} 3");
	has("winnow_http_request_duration_seconds_count{" LIVEZ "} 3");
	has("winnow_http_request_duration_seconds_sum{" LIVEZ "} 6.020050");
	has("# TYPE winnow_http_framing_refused_total counter");
	has("# TYPE winnow_database_up gauge");
	assert_non_null(strstr(response.body.data, "\nprocess_start_time_seconds 1"));
	assert_non_null(strstr(response.body.data, "winnow_build_info{version=\""));
	check_exposition(response.body.data);
	buf_release(&response.body);
	http_metrics_release();
	router_free(router);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readiness),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
