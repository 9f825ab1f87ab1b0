/*
 * Reviews with the clock in the test's hands: opened once, escalated when their time has come, decided on what
 * was seen alone; and what a ranking calls approved against a plain account of what was decided.
 */
#include "service/decisions.h"

#include "base/random.h"
#include "codec/json.h"
#include "codec/review_digest.h"
#include "live/picture.h"
#include "service/documents.h"
#include "service/reviews.h"

enum { ITEMS = 6, STEPS = 80 };

static enum error any(void *self, const char *tag)
{
	(void)self;
	(void)tag;
	return ERR_OK;
}

static enum error parse(void *self, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	json_error_t fault;
	json_t *json = json_loads(self, 0, &fault);
	enum error error;

	(void)catalog;
	assert_non_null(json);
	error = settings_parse(json, arena, diag, body);
	json_decref(json);
	return error;
}

static void put_settings_of(const struct uuid *workspace, const char *streams, const char *review)
{
	struct precondition precondition = {.check = any};
	struct document_put put = {
		.kind = "settings",
		.name = STR("workspace"),
		.precondition = &precondition,
		.source = {.parse = parse},
	};
	struct catalog *catalog = NULL;
	struct written written;
	struct caller caller;
	bool created;

	caller_begin(&caller, workspace);
	put.source.self = (void *)arena_printf(&caller.arena,
		"{\"streams\":[%s],\"kinds\":[\"bug\"],\"statuses\":[{\"name\":\"open\","
		"\"class\":\"todo\"},{\"name\":\"done\",\"class\":\"done\"}],\"review\":%s}",
		streams, review);
	assert_ok(document_put(&caller.call, &put, &created, &catalog, &written));
	catalog_unref(catalog);
	caller_end(&caller);
}

static void put_settings(const struct uuid *workspace, const char *review)
{
	put_settings_of(workspace, "\"incident\"", review);
}

/* As the live part would publish it. `revision` 0: of now. */
static struct ranking *rank(const struct uuid *workspace, int64_t revision)
{
	const struct ranking_request request = {
		.now_us = fixture.now_us, .model = -1, .policy = -1};
	struct picture *picture = picture_new(workspace);
	struct ranking *ranking;
	struct conn *conn;
	bool moved;

	assert_non_null(picture);
	assert_ok(store_acquire(service.store, &conn));
	if (revision == 0) {
		assert_ok(picture_follow(picture, conn, &moved));
	} else {
		assert_ok(read_begin(conn, workspace));
		assert_ok(picture_load_at(picture, conn, revision));
		read_end(conn);
	}
	store_release(service.store, conn);
	assert_ok(ranking_compute(picture, &request, &ranking));
	picture_free(picture);
	return ranking;
}

static void follow(const struct uuid *workspace, const struct ranking *ranking)
{
	struct caller caller;

	caller_begin(&caller, workspace);
	caller.call.principal = NULL;
	assert_ok(reviews_follow(&caller.call, ranking));
	caller_end(&caller);
}

static void follow_now(const struct uuid *workspace)
{
	struct ranking *ranking = rank(workspace, 0);

	follow(workspace, ranking);
	ranking_unref(ranking);
}

static int64_t head_of(const struct uuid *workspace)
{
	return fixture_head(workspace).revision;
}

/* What is open of an item; false: nothing. */
static bool open_of(const struct uuid *workspace, const struct uuid *item, struct uuid *id)
{
	struct ranking *ranking = rank(workspace, 0);
	const struct review_row *row = review_set_open(ranking->reviews, item);

	if (row)
		*id = row->id;
	ranking_unref(ranking);
	return row != NULL;
}

static struct review_seen seen_of(const struct ranking *ranking, const struct uuid *item)
{
	return review_seen_of(ranking, ranking_find(ranking, item));
}

/* Decided on what was `seen`. */
static enum error decide(const struct uuid *workspace, enum review_verb verb, const struct uuid *id,
	const struct uuid *item, const struct review_seen *seen, const struct ranking *ranking)
{
	struct review_asked asked = {
		.verb = verb,
		.id = *id,
		.decision = {.rationale = STR("Agreed in the weekly review."),
			.expires_us = verb == REVIEW_APPROVE ? TIME_NONE : fixture.now_us + DAY_US},
		.ranking = ranking,
	};
	char hex[SHA256_HEX_SIZE];
	struct sha256 digest;
	struct review_row row;
	struct written written;
	struct caller caller;
	enum error error;

	assert_true(review_digest(
		item, seen->item_revision, seen->model_version, seen->policy_version, &digest));
	asked.decision.digest = str_from(sha256_to_hex(&digest, hex));
	caller_begin(&caller, workspace);
	error = review_decide(&caller.call, &asked, &row, &written);
	caller_end(&caller);
	return error;
}

static void it_is_opened_once(void **state)
{
	struct uuid workspace = new_workspace("opened");
	struct uuid first = put_item(&workspace, "1", "open"), id;
	struct ranking *ranking;
	int64_t before;

	(void)state;
	put_item(&workspace, "2", "open");
	put_item(&workspace, "3", "open");
	ranking = rank(&workspace, 0);
	before = head_of(&workspace);
	follow(&workspace, ranking);
	assert_int_equal(head_of(&workspace), before);
	ranking_unref(ranking);

	put_settings(&workspace, "{\"top\":2}");
	ranking = rank(&workspace, 0);
	assert_int_equal(ranking->review_states.pending, 2);
	before = head_of(&workspace);
	follow(&workspace, ranking);
	assert_int_equal(head_of(&workspace), before + 1);
	/* Another daemon, by the same ranking. */
	follow(&workspace, ranking);
	follow_now(&workspace);
	assert_int_equal(head_of(&workspace), before + 1);
	assert_true(open_of(&workspace, &first, &id));

	/* Nor after a decision that the ranking has not seen. */
	assert_ok(decide(&workspace, REVIEW_APPROVE, &id, &first,
		&(struct review_seen){seen_of(ranking, &first).item_revision, 1, 0}, ranking));
	follow(&workspace, ranking);
	assert_int_equal(head_of(&workspace), before + 2);
	assert_false(open_of(&workspace, &first, &id));
	ranking_unref(ranking);
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);
}

static void it_is_escalated_when_its_time_has_come(void **state)
{
	struct uuid workspace = new_workspace("escalated");
	struct uuid item = put_item(&workspace, "1", "open"), id;
	const struct review_row *row;
	struct ranking *ranking;
	int64_t before;

	(void)state;
	put_settings(
		&workspace, "{\"top\":1,\"escalate_after_hours\":48,\"escalate_to\":\"leads\"}");
	follow_now(&workspace);
	assert_true(open_of(&workspace, &item, &id));
	before = head_of(&workspace);
	fixture.now_us += 2 * DAY_US - 1;
	follow_now(&workspace);
	assert_int_equal(head_of(&workspace), before);
	fixture.now_us += 1;
	follow_now(&workspace);
	follow_now(&workspace);
	assert_int_equal(head_of(&workspace), before + 1);
	ranking = rank(&workspace, 0);
	row = review_set_open(ranking->reviews, &item);
	assert_int_equal(row->escalated_us, fixture.now_us);
	assert_true(str_is(row->escalated_to, "leads"));
	ranking_unref(ranking);
}

static void it_is_withdrawn_when_nothing_asks_for_it(void **state)
{
	struct uuid workspace = new_workspace("withdrawn");
	struct uuid item = put_item(&workspace, "1", "open"), id;

	(void)state;
	put_settings(&workspace, "{\"top\":1}");
	follow_now(&workspace);
	assert_true(open_of(&workspace, &item, &id));
	put_item(&workspace, "1", "done");
	follow_now(&workspace);
	assert_false(open_of(&workspace, &item, &id));
	put_item(&workspace, "1", "open");
	follow_now(&workspace);
	assert_true(open_of(&workspace, &item, &id));
	put_settings(&workspace, "null");
	follow_now(&workspace);
	assert_false(open_of(&workspace, &item, &id));
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);
}

/* ---- the first of each stream ---- */

enum { MANY = 90, STREAMS = 4 };

static const char *const stream_names[STREAMS] = {"incident", "a", "b", "c"};
static const size_t stream_tops[STREAMS] = {3, 0, 7, 40};

struct given_stream {
	const char *external_id;
	struct str stream;
};

static enum error give_in_stream(void *self, size_t index, const struct catalog *catalog,
	const char *pointer, struct arena *arena, struct diag *diag, struct item_input *out)
{
	const struct given_stream *given = self;
	struct given_item item = {given->external_id, "open"};
	enum error error = give_item(&item, index, catalog, pointer, arena, diag, out);

	out->item.stream = given->stream;
	return error;
}

static void put_in_stream(const struct uuid *workspace, const char *name, const char *stream)
{
	struct given_stream given = {name, str_from(stream)};
	struct item_source source = {.count = 1, .parse = give_in_stream, .self = &given};
	struct ingest ingest = {.pointer_prefix = "", .single = true, .action = "items.upsert"};
	struct caller caller;

	caller_begin(&caller, workspace);
	assert_ok(items_ingest(&caller.call, &source, &ingest));
	assert_true(ingest.results[0].outcome != OUTCOME_REJECTED);
	caller_end(&caller);
}

/* Against a walk down the order that counts. */
static void the_first_of_each_stream_wait(void **state)
{
	struct uuid workspace = new_workspace("streams");
	struct ranking *ranking;
	size_t met[STREAMS] = {0}, waiting = 0;

	(void)state;
	random_begin("service/reviews: streams");
	put_settings_of(&workspace, "\"incident\",\"a\",\"b\",\"c\"",
		"{\"top\":3,\"streams\":{\"a\":0,\"b\":7,\"c\":40}}");
	for (int i = 0; i < MANY; i++) {
		char name[16];

		snprintf(name, sizeof name, "%d", i);
		put_in_stream(&workspace, name, stream_names[random_below(STREAMS)]);
	}
	ranking = rank(&workspace, 0);
	assert_int_equal(ranking->decision.order.count, MANY);
	for (size_t i = 0; i < MANY; i++) {
		uint32_t row = ranking->decision.order.order[i];
		struct str stream = ranking_text(ranking, row, ROW_STREAM);
		size_t s = 0;
		bool expected;

		while (!str_is(stream, stream_names[s]))
			s++;
		expected = met[s]++ < stream_tops[s];
		assert_int_equal(review_state_of(&ranking->review_states, row) != NULL, expected);
		waiting += expected;
	}
	assert_int_equal(ranking->review_states.pending, waiting);
	ranking_unref(ranking);
}

/* ---- whatever is done, in whatever order ---- */

/* What somebody with pen and paper would know. */
struct account {
	struct uuid item;
	bool open; /* its status is */
	bool approved;
	struct review_seen approved_on;
};

static void check_states(const struct ranking *ranking, const struct account *accounts)
{
	size_t committed = 0;

	for (size_t i = 0; i < ITEMS; i++) {
		uint32_t row = ranking_find(ranking, &accounts[i].item);
		const struct review_state *now = review_state_of(&ranking->review_states, row);
		struct review_seen seen = review_seen_of(ranking, row);
		bool approved = accounts[i].approved && accounts[i].open &&
				review_seen_same(&seen, &accounts[i].approved_on);

		assert_int_equal(now != NULL && !now->pending, approved);
		committed += approved;
	}
	assert_int_equal(ranking->review_states.committed, committed);
}

static void change_one(const struct uuid *workspace, struct account *account, size_t i)
{
	char name[16];

	snprintf(name, sizeof name, "%zu", i);
	account->open = random_below(4) > 0;
	put_item(workspace, name, account->open ? "open" : "done");
}

/* Approves what was seen, or claims to have seen something else. */
static void try_one(const struct uuid *workspace, struct account *account, int64_t *refused)
{
	struct ranking *ranking = rank(workspace, 0);
	const struct review_row *open = review_set_open(ranking->reviews, &account->item);
	struct review_seen seen = seen_of(ranking, &account->item);
	bool honest = random_below(2) == 0;
	enum error error;

	if (open && !honest)
		seen.item_revision -= 1 + (int64_t)random_below(3);
	if (open) {
		error = decide(
			workspace, REVIEW_APPROVE, &open->id, &account->item, &seen, ranking);
		assert_int_equal(error, honest && account->open ? ERR_OK : ERR_CONFLICT);
		*refused += error != ERR_OK;
		if (!error) {
			account->approved = true;
			account->approved_on = seen;
		}
	}
	ranking_unref(ranking);
}

static void nothing_is_approved_that_nobody_approved(void **state)
{
	struct uuid workspace = new_workspace("property");
	struct account accounts[ITEMS] = {{.open = false}};
	int64_t refused = 0;
	struct ranking *kept[STEPS];

	(void)state;
	random_begin("service/reviews");
	for (size_t i = 0; i < ITEMS; i++) {
		char name[16];

		snprintf(name, sizeof name, "%zu", i);
		accounts[i] =
			(struct account){.item = put_item(&workspace, name, "open"), .open = true};
	}
	put_settings(&workspace, "{\"top\":4,\"above\":1000}");
	for (size_t step = 0; step < STEPS; step++) {
		size_t i = random_below(ITEMS);

		if (random_below(3) == 0)
			change_one(&workspace, &accounts[i], i);
		else
			try_one(&workspace, &accounts[i], &refused);
		if (random_below(2) == 0)
			follow_now(&workspace);
		kept[step] = rank(&workspace, 0);
		check_states(kept[step], accounts);
	}
	assert_true(refused > 0);
	/* Each of them as of its own revision, from the rows alone. */
	for (size_t step = 0; step < STEPS; step++) {
		struct ranking *then = rank(&workspace, kept[step]->revision);

		assert_int_equal(then->review_states.pending, kept[step]->review_states.pending);
		assert_int_equal(
			then->review_states.committed, kept[step]->review_states.committed);
		ranking_unref(then);
		ranking_unref(kept[step]);
	}
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_opened_once),
		cmocka_unit_test(it_is_escalated_when_its_time_has_come),
		cmocka_unit_test(it_is_withdrawn_when_nothing_asks_for_it),
		cmocka_unit_test(the_first_of_each_stream_wait),
		cmocka_unit_test(nothing_is_approved_that_nobody_approved),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests_name(
		"service/reviews", tests, decisions_start, decisions_stop);
}
