/*
 * What the tests of decisions share: a service without a live part on a fresh database, with the
 * clock in the test's hands; workspaces with items of given states.
 */
#ifndef WINNOW_TESTS_SERVICE_DECISIONS_H
#define WINNOW_TESTS_SERVICE_DECISIONS_H

#include "caller.h"

#include <math.h>

#include "service/audit.h"
#include "service/catalogs.h"
#include "service/items.h"
#include "service/overrides.h"

#define DAY_US (INT64_C(86400) * US_PER_S)

struct given_item {
	const char *external_id, *status;
};

static inline enum error give_item(void *self, size_t index, const struct catalog *catalog,
	const char *pointer, struct arena *arena, struct diag *diag, struct item_input *out)
{
	const struct given_item *item = self;

	(void)index;
	(void)pointer;
	(void)arena;
	(void)diag;
	*out = (struct item_input){
		.source = STR("test"),
		.external_id = str_from(item->external_id),
		.item = {.title = STR("An item"),
			.stream = catalog->streams[0],
			.status = str_from(item->status)},
		.given = ITEM_TITLE | ITEM_STREAM | ITEM_STATUS,
	};
	out->item.created_us = out->item.updated_us = out->item.due_us = TIME_NONE;
	return ERR_OK;
}

/* Posts the item with that status; its id. */
static inline struct uuid put_item(
	const struct uuid *workspace, const char *external_id, const char *status)
{
	struct given_item item = {external_id, status};
	struct item_source source = {.count = 1, .parse = give_item, .self = &item};
	struct ingest ingest = {.pointer_prefix = "", .single = true, .action = "items.upsert"};
	struct caller caller;
	struct uuid id;

	caller_begin(&caller, workspace);
	assert_ok(items_ingest(&caller.call, &source, &ingest));
	assert_true(ingest.results[0].outcome != OUTCOME_REJECTED);
	id = ingest.results[0].id;
	caller_end(&caller);
	return id;
}

/* A sound override of this item, to be spoilt; it lasts ten days. */
static inline struct override_input input_of(const char *kind, const struct uuid *item)
{
	return (struct override_input){
		.kind = str_from(kind),
		.item = *item,
		.delta = NAN,
		.expires_us = fixture.now_us + 10 * DAY_US,
		.justification = STR("The customer waits."),
		.candidates = OVERRIDE_ANY_RANK,
	};
}

/* Made, or the test fails. */
static inline struct uuid make_override(
	const struct uuid *workspace, const struct override_input *input)
{
	struct override_row row;
	struct written written;
	struct caller caller;

	caller_begin(&caller, workspace);
	assert_ok(override_create(&caller.call, input, &row, &written));
	caller_end(&caller);
	return row.id;
}

static inline struct audit_verdict verify(const struct uuid *workspace)
{
	struct audit_verdict verdict;
	struct caller caller;

	caller_begin(&caller, workspace);
	assert_ok(audit_verify(&caller.call, &(struct audit_expected){.revision = 0}, &verdict));
	caller_end(&caller);
	verdict.detail = NULL;
	return verdict;
}

static inline int decisions_start(void **state)
{
	const struct store_config config = {
		.url = getenv("WINNOW_TEST_DATABASE_URL"),
		.connections = 4,
		.connect_timeout_s = 5,
		.statement_timeout_ms = 30000,
		.acquire_timeout_ms = 30000,
	};

	fixture_setup(state);
	service.store = store_new(&config, service.clock);
	service.catalogs = catalogs_new();
	service.auth = auth_new(service.store, service.clock);
	return service.store && service.catalogs && service.auth ? 0 : -1;
}

static inline int decisions_stop(void **state)
{
	auth_free(service.auth);
	catalogs_free(service.catalogs);
	store_free(service.store);
	return fixture_teardown(state);
}

#endif
