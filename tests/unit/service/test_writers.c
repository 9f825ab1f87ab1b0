/*
 * Many writers of one workspace at once: every write takes the next revision, the log proves itself,
 * and the live ranking shows what the last one left. And what writing must not do to readers.
 */
#include "caller.h"

#include <pthread.h>

#include "live/live.h"
#include "live/ranking.h"
#include "service/audit.h"
#include "service/catalogs.h"
#include "service/items.h"
#include "service/tokens.h"

enum { WRITERS = 8, WRITES = 50, ITEMS_A_WRITER = 5, WAIT_S = 60 };

/* One item, "item-<number>", with a title of its own. */
struct one_item {
	char external_id[32], title[32];
	bool titled;
};

static enum error give_item(void *self, size_t index, const struct catalog *catalog,
	const char *pointer, struct arena *arena, struct diag *diag, struct item_input *out)
{
	const struct one_item *item = self;

	(void)index;
	(void)pointer;
	(void)arena;
	(void)diag;
	*out = (struct item_input){
		.source = STR("test"),
		.external_id = str_from(item->external_id),
		.item = {.title = str_from(item->title), .stream = catalog->streams[0]},
		.given = (item->titled ? ITEM_TITLE : 0u) | ITEM_STREAM,
	};
	out->item.created_us = out->item.updated_us = out->item.due_us = TIME_NONE;
	return ERR_OK;
}

static enum error post(struct caller *caller, struct one_item *item, struct ingest *ingest)
{
	struct item_source source = {.count = 1, .parse = give_item, .self = item};

	ingest->pointer_prefix = "";
	ingest->single = true;
	ingest->action = "items.upsert";
	return items_ingest(&caller->call, &source, ingest);
}

/* ---- waiting for the follower ---- */

struct awaited {
	struct live_waiter waiter;
	pthread_mutex_t mutex;
	pthread_cond_t woken;
	bool done;
};

static void tell(struct live_waiter *waiter)
{
	struct awaited *awaited = (struct awaited *)waiter;

	pthread_mutex_lock(&awaited->mutex);
	awaited->done = true;
	pthread_cond_signal(&awaited->woken);
	pthread_mutex_unlock(&awaited->mutex);
}

static struct ranking *ranking_at(const struct uuid *workspace, int64_t revision)
{
	struct awaited awaited = {
		.waiter = {.workspace = *workspace, .revision = revision, .wake = tell},
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.woken = PTHREAD_COND_INITIALIZER,
	};
	struct ranking *ranking;

	awaited.waiter.until_us = clock_monotonic_us(&fixture_clock) + (int64_t)WAIT_S * US_PER_S;
	live_wait(service.live, &awaited.waiter);
	pthread_mutex_lock(&awaited.mutex);
	while (!awaited.done)
		pthread_cond_wait(&awaited.woken, &awaited.mutex);
	pthread_mutex_unlock(&awaited.mutex);
	assert_ok(live_ranking(service.live, workspace, &ranking));
	assert_true(ranking->revision >= revision);
	return ranking;
}

/* ---- tests ---- */

struct writer {
	pthread_t thread;
	struct uuid workspace;
	int number;
	int failures;
	int64_t revisions[WRITES];
};

static void *write_many(void *self)
{
	struct writer *writer = self;

	for (int i = 0; i < WRITES; i++) {
		struct one_item item = {.titled = true};
		struct ingest ingest = {0};
		struct caller caller;

		caller_begin(&caller, &writer->workspace);
		/* Neighbours share items, so writers meet. */
		snprintf(item.external_id, sizeof item.external_id, "item-%d",
			(writer->number / 2) * ITEMS_A_WRITER + i % ITEMS_A_WRITER);
		snprintf(item.title, sizeof item.title, "%d by %d", i, writer->number);
		if (post(&caller, &item, &ingest) || !ingest.written.changed)
			writer->failures++;
		writer->revisions[i] = ingest.written.revision;
		caller_end(&caller);
	}
	return NULL;
}

static void writers_take_every_revision_once(void **state)
{
	enum { ITEMS = WRITERS / 2 * ITEMS_A_WRITER, LAST = 1 + WRITERS * WRITES };
	struct uuid workspace = new_workspace("writers");
	struct writer writers[WRITERS];
	bool taken[LAST + 1] = {false};
	struct audit_verdict verdict;
	struct ranking *ranking;
	struct caller caller;

	(void)state;
	for (int i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){.workspace = workspace, .number = i};
		assert_int_equal(
			pthread_create(&writers[i].thread, NULL, write_many, &writers[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i].thread, NULL);
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(writers[i].failures, 0);
		for (int j = 0; j < WRITES; j++) {
			int64_t revision = writers[i].revisions[j];

			assert_in_range(revision, 2, LAST);
			assert_false(taken[revision]);
			taken[revision] = true;
		}
	}
	caller_begin(&caller, &workspace);
	assert_ok(audit_verify(&caller.call, &(struct audit_expected){.revision = 0}, &verdict));
	assert_int_equal(verdict.fault, AUDIT_OK);
	assert_int_equal(verdict.records, LAST);
	caller_end(&caller);
	ranking = ranking_at(&workspace, LAST);
	assert_int_equal(ranking->revision, LAST);
	assert_int_equal(ranking->decision.order.count, ITEMS);
	ranking_unref(ranking);
}

static void rehearsals_and_repeats_take_no_revision(void **state)
{
	struct uuid workspace = new_workspace("repeats");
	struct one_item item = {"a", "A", true};
	struct ingest ingest = {.dry_run = true};
	struct caller caller;

	(void)state;
	caller_begin(&caller, &workspace);
	assert_ok(post(&caller, &item, &ingest));
	assert_int_equal(ingest.results[0].outcome, OUTCOME_CREATED);
	assert_int_equal(ingest.results[0].revision, 0);
	assert_int_equal(ingest.written.revision, 1);
	ingest.dry_run = false;
	assert_ok(post(&caller, &item, &ingest));
	assert_int_equal(ingest.written.revision, 2);
	assert_ok(post(&caller, &item, &ingest));
	assert_int_equal(ingest.results[0].outcome, OUTCOME_UNCHANGED);
	assert_int_equal(ingest.written.revision, 2);
	assert_false(ingest.written.changed);
	caller_end(&caller);
}

/* The fault is told with its pointer as it was, though the batch's memory goes before. */
static void an_atomic_batch_tells_its_faults(void **state)
{
	struct uuid workspace = new_workspace("atomic");
	struct one_item item = {"a", "", false};
	struct ingest ingest = {.atomic = true};
	struct arena faults;
	struct caller caller;

	(void)state;
	caller_begin(&caller, &workspace);
	arena_init(&faults, 1 << 20);
	diag_init(&caller.diag, &faults);
	assert_int_equal(post(&caller, &item, &ingest), ERR_INVALID);
	caller_end(&caller);
	assert_int_equal(caller.diag.count, 1);
	assert_string_equal(caller.diag.entries[0].pointer, "#/title");
	assert_non_null(strstr(caller.diag.entries[0].detail, "needs"));
	arena_release(&faults);
}

static void a_forgotten_workspace_is_loaded_again(void **state)
{
	struct uuid workspace = new_workspace("forgotten");
	struct ranking *ranking, *again;
	char id[sizeof ranking->id];

	(void)state;
	ranking = ranking_at(&workspace, 1);
	snprintf(id, sizeof id, "%s", ranking->id);
	assert_ok(live_ranking_by_id(service.live, &workspace, id, &again));
	assert_ptr_equal(again, ranking);
	ranking_unref(again);
	live_forget(service.live, &workspace);
	assert_int_equal(live_ranking_by_id(service.live, &workspace, id, &again), ERR_GONE);
	/* Whoever still holds it may read on. */
	assert_int_equal(ranking->decision.order.count, 0);
	ranking_unref(ranking);
	ranking = ranking_at(&workspace, 1);
	assert_string_equal(ranking->id, id);
	ranking_unref(ranking);
}

static enum error always(void *self, const char *tag)
{
	(void)self;
	(void)tag;
	return ERR_OK;
}

static void a_removed_workspace_is_let_go(void **state)
{
	struct uuid workspace = new_workspace("removed");
	char id[sizeof((struct ranking *)NULL)->id];
	struct ranking *ranking = ranking_at(&workspace, 1);
	struct precondition any = {.check = always};
	struct written written;
	struct caller caller;
	struct workspace_ref ref;

	(void)state;
	snprintf(id, sizeof id, "%s", ranking->id);
	ranking_unref(ranking);
	assert_ok(auth_workspace(service.auth, STR("removed"), true, &ref));
	assert_ok(auth_workspace(service.auth, STR("removed"), false, &ref));
	caller_begin(&caller, &workspace);
	assert_ok(workspace_remove(&caller.call, &any, &written));
	caller_end(&caller);
	assert_int_equal(auth_workspace(service.auth, STR("removed"), true, &ref), ERR_NOT_FOUND);
	assert_int_equal(live_ranking_by_id(service.live, &workspace, id, &ranking), ERR_GONE);
}

/* Tokens that were verified before an outage must last through it, whatever is tried meanwhile. */
static void a_failed_write_forgets_no_token(void **state)
{
	const struct store_config away = {.url = "host=/nonexistent dbname=none user=none",
		.connections = 1,
		.connect_timeout_s = 1,
		.statement_timeout_ms = 1000,
		.acquire_timeout_ms = 50};
	static const struct str reader[] = {{"reader", 6}};
	struct uuid workspace = new_workspace("steady");
	struct token_request request = {
		.label = STR("test"), .roles = reader, .role_count = 1, .expires_us = TIME_NONE};
	struct service broken = service;
	char secret[TOKEN_TEXT_SIZE];
	struct principal *principal;
	struct workspace_row row;
	struct token_row token;
	struct written written;
	struct caller caller;

	(void)state;
	caller_begin(&caller, &workspace);
	assert_ok(token_create(&caller.call, &request, &token, secret, &written));
	assert_ok(auth_token(service.auth, str_from(secret), true, &principal));
	principal_unref(principal);
	broken.store = store_new(&away, &fixture_clock);
	assert_non_null(broken.store);
	caller.call.service = &broken;
	caller.call.workspace = system_workspace;
	assert_int_equal(workspace_create(&caller.call, STR("never"), STR_NONE, &row, &written),
		ERR_DATABASE_AWAY);
	assert_ok(auth_token(service.auth, str_from(secret), false, &principal));
	principal_unref(principal);
	store_free(broken.store);
	caller.call.service = &service;
	caller.call.workspace = workspace;
	assert_ok(token_revoke(&caller.call, &token.id, &written));
	assert_int_equal(
		auth_token(service.auth, str_from(secret), true, &principal), ERR_UNAUTHENTICATED);
	caller_end(&caller);
}

/* ---- the parts ---- */

static int parts_start(void **state)
{
	const struct store_config config = {
		.url = getenv("WINNOW_TEST_DATABASE_URL"),
		.connections = WRITERS + 2,
		.connect_timeout_s = 5,
		.statement_timeout_ms = 30000,
		.acquire_timeout_ms = 30000,
	};
	const struct live_config live = {.follow_ms = 50,
		.rank_share = 1.0,
		.ranking_keep_ms = 60000,
		.rankings_kept_max = 100};

	fixture_setup(state);
	service.store = store_new(&config, service.clock);
	service.catalogs = catalogs_new();
	service.auth = auth_new(service.store, service.clock);
	service.live = live_new(service.store, service.clock, &live);
	return service.store && service.catalogs && service.auth && service.live ? 0 : -1;
}

static int parts_stop(void **state)
{
	live_free(service.live);
	auth_free(service.auth);
	catalogs_free(service.catalogs);
	store_free(service.store);
	return fixture_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writers_take_every_revision_once),
		cmocka_unit_test(rehearsals_and_repeats_take_no_revision),
		cmocka_unit_test(an_atomic_batch_tells_its_faults),
		cmocka_unit_test(a_forgotten_workspace_is_loaded_again),
		cmocka_unit_test(a_removed_workspace_is_let_go),
		cmocka_unit_test(a_failed_write_forgets_no_token),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests_name("service/writers", tests, parts_start, parts_stop);
}
