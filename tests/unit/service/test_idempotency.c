/*
 * One effect for each Idempotency-Key, as the write runner sees to it; the bytes of what is kept.
 * What each operation makes of it is tests/api/test_idempotency.py's.
 */
#include "service/decisions.h"

#include "service/idempotency.h"
#include "service/kept.h"

#define LIFETIME (INT64_C(3600) * US_PER_S)

static struct sha256 hash_of(const char *text)
{
	struct sha256 hash;

	assert_true(sha256_of(text, strlen(text), &hash));
	return hash;
}

/* An override of the item, asked for under a key. */
static enum error ask(const struct uuid *workspace, const struct override_input *input,
	const char *key, const char *body, struct uuid *id, struct written *written)
{
	struct request_key asked = {.key = hash_of(key), .request = hash_of(body)};
	struct override_row row = {.revision = 0};
	struct caller caller;
	enum error error;

	caller_begin(&caller, workspace);
	caller.call.key = &asked;
	error = override_create(&caller.call, input, &row, written);
	*id = row.id;
	if (!error)
		assert_int_equal(row.revision, written->revision);
	caller_end(&caller);
	return error;
}

static void the_second_time_nothing_is_done(void **state)
{
	struct uuid workspace = new_workspace("again"), first, again;
	struct uuid item = put_item(&workspace, "1", "open");
	struct override_input input = input_of("exclude", &item);
	struct written written, replayed;
	int64_t before;

	(void)state;
	assert_ok(ask(&workspace, &input, "k", "body", &first, &written));
	assert_true(written.changed);
	assert_false(written.replayed);
	put_item(&workspace, "2", "open");
	before = fixture_head(&workspace).revision;
	assert_int_equal(before, written.revision + 1);

	assert_ok(ask(&workspace, &input, "k", "body", &again, &replayed));
	assert_true(replayed.replayed && replayed.changed);
	assert_int_equal(replayed.revision, written.revision);
	assert_memory_equal(&replayed.hash, &written.hash, sizeof written.hash);
	assert_int_equal(uuid_cmp(&first, &again), 0);
	assert_int_equal(fixture_head(&workspace).revision, before);

	assert_int_equal(
		ask(&workspace, &input, "k", "another", &again, &replayed), ERR_KEY_REUSED);
	assert_int_equal(fixture_head(&workspace).revision, before);
	assert_ok(ask(&workspace, &input, "another", "body", &again, &replayed));
	assert_false(replayed.replayed);
	assert_int_not_equal(uuid_cmp(&first, &again), 0);
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);
}

static void an_error_leaves_the_key_free(void **state)
{
	struct uuid workspace = new_workspace("error"), id;
	struct uuid item = put_item(&workspace, "1", "done");
	struct override_input input = input_of("exclude", &item);
	struct written written;

	(void)state;
	assert_int_equal(ask(&workspace, &input, "k", "body", &id, &written), ERR_CONFLICT);
	put_item(&workspace, "1", "open");
	assert_ok(ask(&workspace, &input, "k", "body", &id, &written));
	assert_false(written.replayed);
}

static void a_key_lives_for_its_lifetime(void **state)
{
	struct uuid workspace = new_workspace("lifetime"), first, again;
	struct uuid item = put_item(&workspace, "1", "open");
	struct override_input input = input_of("exclude", &item);
	struct written written;

	(void)state;
	assert_ok(ask(&workspace, &input, "k", "body", &first, &written));
	fixture.now_us += LIFETIME - 1;
	assert_ok(ask(&workspace, &input, "k", "body", &again, &written));
	assert_true(written.replayed);
	/* Nobody has swept it: it counts for nothing all the same. */
	fixture.now_us += 1;
	assert_ok(ask(&workspace, &input, "k", "another", &again, &written));
	assert_false(written.replayed);
	assert_int_not_equal(uuid_cmp(&first, &again), 0);
	assert_ok(ask(&workspace, &input, "k", "another", &first, &written));
	assert_true(written.replayed);
	assert_int_equal(uuid_cmp(&first, &again), 0);
}

static enum error never(struct write *write, void *arg)
{
	(void)write;
	(void)arg;
	fail_msg("The body ran.");
	return ERR_OK;
}

/* A use case that forgot about keys is not run at all rather than run twice. */
static void what_cannot_be_recalled_takes_no_key(void **state)
{
	struct request_key asked = {.key = hash_of("k"), .request = hash_of("body")};
	struct uuid workspace = new_workspace("forgotten");
	struct written written;
	struct caller caller;

	(void)state;
	caller_begin(&caller, &workspace);
	caller.call.key = &asked;
	assert_int_equal(write_run(&caller.call, &workspace, never, NULL, &written), ERR_INTERNAL);
	caller_end(&caller);
}

/* ---- bytes ---- */

static void what_is_put_is_read(void **state)
{
	static const struct uuid id = {{1, 2, 3, 255}};
	struct buf bytes = BUF_INIT;
	struct uuid back;

	(void)state;
	kept_put_byte(&bytes, 200);
	kept_put_int(&bytes, INT64_MIN);
	kept_put_uuid(&bytes, &id);
	kept_put_str(&bytes, STR("text"));
	kept_put_str(&bytes, STR_NONE);
	kept_put_str(&bytes, STR(""));
	assert_false(bytes.failed);
	for (size_t len = 0; len <= bytes.len; len++) {
		struct kept kept = {.left = {bytes.data, len}};
		bool whole = len == bytes.len;
		struct str text;

		assert_true(kept_byte(&kept) == 200 || len < 1);
		assert_true(kept_int(&kept) == INT64_MIN || len < 9);
		back = kept_uuid(&kept);
		assert_true(uuid_cmp(&back, &id) == 0 || len < 25);
		assert_true(str_is(kept_str(&kept), "text") || len < 37);
		assert_null(kept_str(&kept).ptr);
		text = kept_str(&kept);
		assert_int_equal(text.ptr != NULL, whole);
		assert_int_equal(text.len, 0);
		assert_int_equal(kept_end(&kept), whole ? ERR_OK : ERR_INTERNAL);
	}
	buf_release(&bytes);
}

static void what_is_left_over_or_makes_no_sense_is_told(void **state)
{
	static const char far[] = "\377\377\377\377\377\377\377\376text";
	struct kept more = {.left = STR("xy")}, negative = {.left = STR(far)};

	(void)state;
	kept_byte(&more);
	assert_int_equal(kept_end(&more), ERR_INTERNAL);
	assert_int_equal(kept_str(&negative).len, 0);
	assert_int_equal(kept_end(&negative), ERR_INTERNAL);
}

static int start(void **state)
{
	service.key_lifetime_us = LIFETIME;
	return decisions_start(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_time_nothing_is_done),
		cmocka_unit_test(an_error_leaves_the_key_free),
		cmocka_unit_test(a_key_lives_for_its_lifetime),
		cmocka_unit_test(what_cannot_be_recalled_takes_no_key),
		cmocka_unit_test(what_is_put_is_read),
		cmocka_unit_test(what_is_left_over_or_makes_no_sense_is_told),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests_name("service/idempotency", tests, start, decisions_stop);
}
