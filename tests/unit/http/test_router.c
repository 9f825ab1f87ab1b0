/*
 * Paths to routes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/log.h"
#include "http/router.h"

#define R(method, path)                                                                            \
	{                                                                                          \
		method, path, 0, 0, 0, 0, NULL, NULL, NULL                                         \
	}

static const struct route routes[] = {
	R("GET", "/"),
	R("GET", "/livez"),
	R("GET", "/v1/workspaces"),
	R("POST", "/v1/workspaces"),
	R("GET", "/v1/workspaces/{ws}"),
	R("GET", "/v1/workspaces/{ws}/items"),
	R("POST", "/v1/workspaces/{ws}/items"),
	R("POST", "/v1/workspaces/{ws}/items:features"),
	R("GET", "/v1/workspaces/{ws}/items/{id}"),
	R("PATCH", "/v1/workspaces/{ws}/items/{id}"),
	R("GET", "/v1/workspaces/{ws}/items/{id}/versions"),
	R("GET", "/v1/workspaces/{ws}/items/schema"),
	R("POST", "/v1/workspaces/{ws}/models/{name}:promote"),
	R("GET", "/v1/workspaces/{ws}/models/{name}"),
	R("GET", "/v1/workspaces/{ws}/models/active/weights"),
};
static const struct route_table first = {routes, 5};
static const struct route_table second = {routes + 5, sizeof routes / sizeof *routes - 5};
static const struct route_table *const tables[] = {&first, &second};

static struct router *router;

static int begin(void **state)
{
	(void)state;
	router = router_new(tables, 2);
	return router ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	router_free(router);
	return 0;
}

static void expect(const char *method, const char *path, size_t index, const char *params)
{
	struct route_match match;
	char text[256] = "";

	assert_int_equal(ERR_OK, router_find(router, str_from(method), str_from(path), &match));
	assert_int_equal(index, match.index);
	assert_ptr_equal(&routes[index], match.route);
	for (size_t i = 0; i < match.param_count; i++) {
		strncat(text, match.params[i].ptr, match.params[i].len);
		strcat(text, " ");
	}
	assert_string_equal(params, text);
}

static void refuse(enum error error, const char *method, const char *path, const char *allow)
{
	struct route_match match;

	assert_int_equal(error, router_find(router, str_from(method), str_from(path), &match));
	assert_null(match.route);
	assert_string_equal(allow, match.allow);
}

static void test_found(void **state)
{
	(void)state;
	expect("GET", "/", 0, "");
	expect("HEAD", "/livez", 1, "");
	expect("POST", "/v1/workspaces", 3, "");
	expect("GET", "/v1/workspaces/acme", 4, "acme ");
	expect("GET", "/v1/workspaces/acme/items", 5, "acme ");
	expect("POST", "/v1/workspaces/acme/items:features", 7, "acme ");
	expect("PATCH", "/v1/workspaces/a/items/7", 9, "a 7 ");
	expect("GET", "/v1/workspaces/a/items/7/versions", 10, "a 7 ");
	/* A literal beats a parameter, but not where only the parameter leads on. */
	expect("GET", "/v1/workspaces/a/items/schema", 11, "a ");
	expect("GET", "/v1/workspaces/a/items/schema/versions", 10, "a schema ");
	expect("POST", "/v1/workspaces/a/models/m:promote", 12, "a m ");
	expect("GET", "/v1/workspaces/a/models/m:other", 13, "a m:other ");
	expect("GET", "/v1/workspaces/a/models/active", 13, "a active ");
	expect("GET", "/v1/workspaces/a/models/:promot", 13, "a :promot ");
}

static void test_refused(void **state)
{
	(void)state;
	refuse(ERR_NOT_FOUND, "GET", "", "");
	refuse(ERR_NOT_FOUND, "GET", "livez", "");
	refuse(ERR_NOT_FOUND, "GET", "*", "");
	refuse(ERR_NOT_FOUND, "GET", "/livez/", "");
	refuse(ERR_NOT_FOUND, "GET", "//livez", "");
	refuse(ERR_NOT_FOUND, "GET", "/Livez", "");
	refuse(ERR_NOT_FOUND, "GET", "/v1", "");
	refuse(ERR_NOT_FOUND, "GET", "/v1/workspaces/", "");
	refuse(ERR_NOT_FOUND, "GET", "/v1/workspaces//items", "");
	refuse(ERR_NOT_FOUND, "GET", "/v1/workspaces/../livez/x/y/z", "");
	refuse(ERR_NOT_FOUND, "GET", "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", "");
	refuse(ERR_METHOD, "DELETE", "/v1/workspaces", "GET, HEAD, POST");
	refuse(ERR_METHOD, "get", "/livez", "GET, HEAD");
	refuse(ERR_METHOD, "HEAD", "/v1/workspaces/a/items:features", "POST");
}

static void test_same_route_twice(void **state)
{
	static const struct route twice[] = {R("GET", "/a/{x}"), R("GET", "/a/{y}")};
	static const struct route_table table = {twice, 2};
	static const struct route_table *const list[] = {&table};

	(void)state;
	log_set_level(LOG_ERROR + 1);
	assert_null(router_new(list, 1));
	log_set_level(LOG_INFO);
}

static void test_params(void **state)
{
	(void)state;
	assert_int_equal(0, route_param(&routes[8], "ws"));
	assert_int_equal(1, route_param(&routes[8], "id"));
	assert_int_equal(-1, route_param(&routes[8], "i"));
	assert_int_equal(-1, route_param(&routes[1], "ws"));
	assert_int_equal(sizeof routes / sizeof *routes, router_count(router));
	assert_ptr_equal(&routes[3], router_route(router, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_same_route_twice),
		cmocka_unit_test(test_params),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
