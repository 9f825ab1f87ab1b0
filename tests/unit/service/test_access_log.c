/*
 * The access log in memory: what is put is copied, and there is an end to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "service/access_log.h"

static enum error put(struct access_log *log, size_t items)
{
	static const struct uuid ids[ACCESS_ITEMS_MAX];
	char feature[] = "salary", role[] = "admin";
	const struct str features[] = {str_from(feature)}, roles[] = {str_from(role)};
	const struct access_row row = {
		.actor = STR("token:x"),
		.roles = roles,
		.role_count = 1,
		.request_id = STR("r"),
		.method = STR("GET"),
		.target = STR("/v1/workspaces/demo/items"),
		.items = ids,
		.item_count = items,
		.items_in_all = (int64_t)items,
		.features = features,
		.feature_count = 1,
	};

	return access_log_put(log, &row);
}

/* What is kept is bounded by its bytes, whatever there is of each. */
static void it_is_full_when_it_is(void **state)
{
	size_t small = 0, large = 0;
	struct access_log *log = access_log_new(64 << 10);

	(void)state;
	assert_non_null(log);
	while (put(log, 0) == ERR_OK)
		small++;
	assert_int_equal(put(log, 0), ERR_ACCESS_LOG_FULL);
	access_log_free(log);
	log = access_log_new(64 << 10);
	assert_non_null(log);
	while (put(log, ACCESS_ITEMS_MAX) == ERR_OK)
		large++;
	assert_true(small > 4 * large && large > 10);
	/* One that is smaller may still find room. */
	while (put(log, 0) == ERR_OK)
		continue;
	assert_int_equal(put(log, ACCESS_ITEMS_MAX), ERR_ACCESS_LOG_FULL);
	access_log_free(log);
}

static void there_need_be_none(void **state)
{
	struct service service = {.access_log = NULL};

	(void)state;
	assert_int_equal(access_log_flush(&service), ERR_OK);
	service.access_log = access_log_new(1 << 20);
	assert_non_null(service.access_log);
	/* Nothing was read: the database is not asked. */
	assert_int_equal(access_log_flush(&service), ERR_OK);
	access_log_free(service.access_log);
	access_log_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_full_when_it_is),
		cmocka_unit_test(there_need_be_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
