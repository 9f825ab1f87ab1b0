/*
 * Strict parsing, canonical text, and the readers of small documents.
 */
#include "codec/json.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "../base/out_of_memory.h"
#include "../base/random.h"
#include "base/clock.h"

struct world {
	struct arena arena;
	struct diag diag;
};

static void world_begin(struct world *world)
{
	arena_init(&world->arena, 1 << 24);
	diag_init(&world->diag, &world->arena);
}

static void world_end(struct world *world)
{
	arena_release(&world->arena);
}

static json_t *parsed(struct world *world, const char *text)
{
	json_t *json = NULL;

	assert_int_equal(json_parse(str_from(text), 1, "", &world->diag, &json), ERR_OK);
	assert_non_null(json);
	return json;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not say \"%s\"", text, part);
}

/* ---- parsing ---- */

static const struct {
	struct str text;
	const char *detail; /* a part of it */
} refused[] = {
	{STR(""), "Line 1, column 1: there is no JSON value."},
	{STR(" \r\n\t "), "there is no JSON value"},
	{STR("{"), "ends before"},
	{STR("[1,"), "ends before"},
	{STR("{\"a\":1}x"), "Line 1, column 8: something follows"},
	{STR("{} {}"), "something follows"},
	{STR("[1,]"), "Line 1, column 4"},
	{STR("{'a':1}"), "Line 1, column 2"},
	{STR("[01]"), "Line 1"},
	{STR("[+1]"), "Line 1"},
	{STR("[.5]"), "Line 1"},
	{STR("[1.]"), "Line 1"},
	{STR("[NaN]"), "Line 1"},
	{STR("[Infinity]"), "Line 1"},
	{STR("[tru]"), "Line 1"},
	{STR("[\"a\nb\"]"), "Line 1"},
	{STR("[\"\\x\"]"), "Line 1"},
	{STR("/* no */ []"), "Line 1"},
	{STR("{\"a\":1,\"a\":2}"), "Line 1, column 10: duplicate key \"a\"."},
	{STR("{\"a\":1,\n \"\\u0061\":2}"), "Line 2, column 9: duplicate key \"\\u0061\"."},
	{STR("[{\"x\":{\"q\\\"\":1,\"q\\\"\":1}}]"), "duplicate key \"q\\\"\""},
	{STR("{\"\":1,\"\":2}"), "duplicate key \"\""},
	{STR("[\"a\0b\"]"), "Line 1, column 4: text holds NUL."},
	{STR("[1]\0"), "text holds NUL"},
	{STR("[\"\\u0000\"]"), "NUL"},
	{STR("{\"\\u0000\":1}"), "NUL"},
	{STR("[\"\xff\"]"), "not valid UTF-8"},
	{STR("[\"\xc0\xaf\"]"), "not valid UTF-8"},
	{STR("[\"\xed\xa0\x80\"]"), "not valid UTF-8"},
	{STR("[\"\xf4\x90\x80\x80\"]"), "not valid UTF-8"},
	{STR("[\"\\ud800\"]"), "Line 1"},
	{STR("[\"\\udc00\\ud800\"]"), "Line 1"},
	{STR("\xef\xbb\xbf[]"), "byte order mark"},
	{STR("[1e400]"), "out of range"},
	{STR("[-1e400]"), "out of range"},
	{STR("[9223372036854775808]"), "out of range"},
	{STR("[-9223372036854775809]"), "out of range"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct world world;
		json_t *json = (json_t *)&world;

		world_begin(&world);
		if (json_parse(refused[i].text, 1, "", &world.diag, &json) != ERR_MALFORMED_JSON)
			fail_msg("accepted: %.*s", STR_ARG(refused[i].text));
		assert_null(json);
		assert_int_equal(world.diag.count, 1);
		assert_string_equal(world.diag.entries[0].pointer, "#");
		assert_has(world.diag.entries[0].detail, refused[i].detail);
		assert_true(str_is_utf8(str_from(world.diag.entries[0].detail)));
		world_end(&world);
	}
}

static void test_place(void **state)
{
	struct world world;
	json_t *json;

	(void)state;
	world_begin(&world);
	assert_int_equal(json_parse(STR("{\"ä\":\n\n  nope}"), 41, "/lines/3", &world.diag, &json),
		ERR_MALFORMED_JSON);
	assert_string_equal(world.diag.entries[0].pointer, "#/lines/3");
	assert_has(world.diag.entries[0].detail, "Line 43, column 6:");
	assert_int_equal(
		json_parse(STR("[\"äöü\n\0\"]"), 7, "", &world.diag, &json), ERR_MALFORMED_JSON);
	assert_has(world.diag.entries[1].detail, "Line 8, column 1: text holds NUL.");
	world_end(&world);
}

static void test_long_duplicate(void **state)
{
	struct world world;
	struct buf text = BUF_INIT;
	json_t *json;

	(void)state;
	world_begin(&world);
	for (int i = 0; i < 2; i++) {
		buf_puts(&text, i == 0 ? "{\"" : ",\"");
		for (int j = 0; j < 1000; j++)
			buf_puts(&text, "ä");
		buf_puts(&text, "\":1");
	}
	buf_puts(&text, "}");
	assert_int_equal(
		json_parse(buf_view(&text), 1, "", &world.diag, &json), ERR_MALFORMED_JSON);
	assert_has(world.diag.entries[0].detail, "duplicate key \"ää");
	assert_true(strlen(world.diag.entries[0].detail) < 200);
	assert_true(str_is_utf8(str_from(world.diag.entries[0].detail)));
	buf_release(&text);
	world_end(&world);
}

static enum error parse_nested(size_t depth, const char *open, const char *close, const char *inner)
{
	struct world world;
	struct buf text = BUF_INIT;
	json_t *json;
	enum error error;

	world_begin(&world);
	for (size_t i = 0; i < depth; i++)
		buf_puts(&text, open);
	buf_puts(&text, inner);
	for (size_t i = 0; i < depth; i++)
		buf_puts(&text, close);
	error = json_parse(buf_view(&text), 1, "", &world.diag, &json);
	if (error)
		assert_has(world.diag.entries[0].detail, "nesting deeper than 64");
	json_decref(json);
	buf_release(&text);
	world_end(&world);
	return error;
}

static void test_depth(void **state)
{
	(void)state;
	assert_int_equal(parse_nested(JSON_MAX_DEPTH, "[", "]", ""), ERR_OK);
	assert_int_equal(parse_nested(JSON_MAX_DEPTH, "{\"a\":", "}", "1"), ERR_OK);
	assert_int_equal(parse_nested(JSON_MAX_DEPTH + 1, "[", "]", ""), ERR_MALFORMED_JSON);
	assert_int_equal(parse_nested(JSON_MAX_DEPTH + 1, "{\"a\":", "}", "1"), ERR_MALFORMED_JSON);
	assert_int_equal(parse_nested(100000, "[", "", ""), ERR_MALFORMED_JSON);
	assert_int_equal(parse_nested(100000, "{\"a\":[", "", ""), ERR_MALFORMED_JSON);
	/* Side by side is not deep, and brackets in texts are none. */
	assert_int_equal(parse_nested(1, "[", "]", "[],[],[],[],[],[],{},{}"), ERR_OK);
	assert_int_equal(parse_nested(63, "[", "]", "\"[[[\\\"[[\\\\\",\"{{{\""), ERR_OK);
	assert_int_equal(parse_nested(63, "[", "]", "\"\\\\\",[[1]]"), ERR_MALFORMED_JSON);
}

static void test_scalars_are_json(void **state)
{
	static const char *const texts[] = {"1", "\"a\"", "null", "true", " [ ] "};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct world world;

		world_begin(&world);
		json_decref(parsed(&world, texts[i]));
		world_end(&world);
	}
}

static void test_out_of_memory(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		struct world world;
		json_t *json;
		enum error error;

		world_begin(&world);
		oom_begin(n);
		error = json_parse(
			STR("{\"a\":[1,2.5,{\"b\":\"text\"}],\"\\u00e4\\n, which is long\":null,"
			    "\"d\":\"longer than what the parser shows of a text\",\"e\":1.5}"),
			1, "", &world.diag, &json);
		if (!oom_end()) {
			assert_int_equal(error, ERR_OK);
			json_decref(json);
			world_end(&world);
			break;
		}
		assert_true(error == ERR_NO_MEMORY);
		assert_null(json);
		world_end(&world);
	}
}

/* What costs far more memory than it has bytes is refused in time; what is only large is not. */
static void test_budget(void **state)
{
	static const struct {
		const char *unit;
		enum error error;
	} vectors[] = {{"{},", ERR_BUDGET}, {"1,", ERR_OK}, {"\"abc\",", ERR_OK},
		{"{\"a\":1,\"b\":2},", ERR_OK}, {"\"a longer text that a ticket holds\",", ERR_OK}};

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		struct world world;
		struct buf text = BUF_INIT;
		json_t *json;

		world_begin(&world);
		buf_puts(&text, "[");
		while (text.len < 1000000)
			buf_puts(&text, vectors[i].unit);
		buf_puts(&text, "0]");
		assert_int_equal(
			json_parse(buf_view(&text), 1, "", &world.diag, &json), vectors[i].error);
		assert_int_equal(world.diag.count, 0);
		json_decref(json);
		buf_release(&text);
		world_end(&world);
	}
}

static void *free_them(void *arg)
{
	json_t **trees = arg;

	for (size_t i = 0; i < 100; i++)
		json_decref(trees[i]);
	return NULL;
}

/* A tree may be changed, and freed by another thread, in parts and in any order. */
static void test_trees_outlive(void **state)
{
	struct world world;
	json_t *trees[100];
	pthread_t thread;

	(void)state;
	world_begin(&world);
	for (size_t i = 0; i < 100; i++) {
		json_t *json = parsed(&world, "{\"a\":[1,2.5,\"text\",{\"b\":null}],\"c\":\"a "
					      "longer text than others\"}");

		trees[i] = i % 2 ? json_incref(json_object_get(json, "a")) : json;
		if (i % 2)
			json_decref(json);
		else
			json_object_set_new(json, "more", json_string("built, not parsed"));
	}
	assert_int_equal(pthread_create(&thread, NULL, free_them, trees), 0);
	for (size_t i = 0; i < 100; i++)
		json_decref(parsed(&world, "[1,[2],{\"x\":3}]"));
	pthread_join(thread, NULL);
	world_end(&world);
}

/* ---- canonical text ---- */

static const struct {
	const char *text, *canonical;
} canonical[] = {
	/* RFC 8785 §3.2.2 to §3.2.4. */
	{"{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n"
	 "\"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
	 "\"literals\": [null, true, false]}",
		"{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,"
		"1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
	{"[3, 3.0, 3e0, 0.3e1, 30E-1]", "[3,3,3,3,3]"},
	{"[0, -0, 0.0, -0.0, 0e5, 1e-400]", "[0,0,0,0,0,0]"},
	{"[9223372036854775807, -9223372036854775808]",
		"[9223372036854775807,-9223372036854775808]"},
	{"[1e18, 1e19, 1.25e20, -1.25e20, 1e20, 1e21]",
		"[1000000000000000000,1e+19,1.25e+20,-1.25e+20,1e+20,1e+21]"},
	{"[0.1, 1.7976931348623157e308, 5e-324]", "[0.1,1.7976931348623157e+308,5e-324]"},
	{"\"\\b\\t\\n\\f\\r\\u000b\\u001f\\u007f\\u2028/\\/\"",
		"\"\\b\\t\\n\\f\\r\\u000b\\u001f\x7f\xe2\x80\xa8//\""},
	/* Byte order is not that of UTF-16: U+FFFD comes before U+1F600. */
	{"{\"\\ud83d\\ude00\":1,\"\\ufffd\":2,\"b\":3,\"\":4,\"aa\":5,\"a\":6,\"B\":7}",
		"{\"\":4,\"B\":7,\"a\":6,\"aa\":5,\"b\":3,\"\xef\xbf\xbd\":2,\"😀\":1}"},
	{"{ }", "{}"},
	{"[ ]", "[]"},
};

static void assert_canonical(const json_t *json, const char *wanted)
{
	struct buf out = BUF_INIT;

	json_canonical(&out, json);
	assert_false(out.failed);
	assert_string_equal(out.data, wanted);
	buf_release(&out);
}

static void test_canonical(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof canonical / sizeof *canonical; i++) {
		struct world world;
		json_t *json, *again;

		world_begin(&world);
		json = parsed(&world, canonical[i].text);
		assert_canonical(json, canonical[i].canonical);
		again = parsed(&world, canonical[i].canonical);
		assert_canonical(again, canonical[i].canonical);
		json_decref(again);
		json_decref(json);
		world_end(&world);
	}
}

static void test_numbers_read_back(void **state)
{
	(void)state;
	random_begin("numbers_read_back");
	for (int i = 0; i < 200000; i++) {
		uint64_t bits = random_u64();
		struct buf out = BUF_INIT;
		struct world world;
		json_t *json;
		double value;

		if (i % 3 == 0)
			value = (double)(int64_t)random_u64() * (double)random_below(200);
		else
			memcpy(&value, &bits, sizeof value);
		if (!isfinite(value))
			continue;
		world_begin(&world);
		json_canonical_number(&out, value);
		json = parsed(&world, out.data);
		assert_true(json_number_value(json) == value);
		assert_canonical(json, out.data);
		json_decref(json);
		buf_release(&out);
		world_end(&world);
	}
}

static json_t *random_json(unsigned depth)
{
	size_t what = random_below(depth > 0 ? 9 : 6);
	json_t *json;
	char text[8];

	switch (what) {
	case 0: return json_null();
	case 1: return json_boolean(random_below(2));
	case 2: return json_integer((json_int_t)random_u64());
	case 3: return json_real((double)(int64_t)random_u64() / 1024);
	case 4:
	case 5:
		for (size_t i = 0; i < sizeof text - 1; i++)
			text[i] = (char)(1 + random_below(127));
		text[random_below(sizeof text)] = '\0';
		text[sizeof text - 1] = '\0';
		return json_string(text);
	case 6:
		json = json_array();
		for (size_t i = random_below(5); i > 0; i--)
			json_array_append_new(json, random_json(depth - 1));
		return json;
	default:
		json = json_object();
		for (size_t i = random_below(80); i > 0; i--) {
			snprintf(text, sizeof text, "%zx", random_below(500));
			json_object_set_new(json, text, random_json(depth - 1));
		}
		return json;
	}
}

static json_t *reversed(const json_t *object)
{
	json_t *out = json_object();
	const char *keys[100];
	size_t count = 0;

	for (void *at = json_object_iter((json_t *)object); at && count < 100;
		at = json_object_iter_next((json_t *)object, at))
		keys[count++] = json_object_iter_key(at);
	while (count-- > 0)
		json_object_set(out, keys[count], json_object_get(object, keys[count]));
	return out;
}

static void test_canonical_random(void **state)
{
	(void)state;
	random_begin("canonical_random");
	for (int i = 0; i < 300; i++) {
		json_t *json = random_json(3);
		struct buf out = BUF_INIT;
		struct world world;
		json_t *again;

		world_begin(&world);
		json_canonical(&out, json);
		again = parsed(&world, out.data);
		assert_canonical(again, out.data);
		if (json_is_object(json)) {
			json_t *other = reversed(json);

			assert_canonical(other, out.data);
			json_decref(other);
		}
		json_decref(again);
		json_decref(json);
		buf_release(&out);
		world_end(&world);
	}
}

/* Whatever is done to a text, it is refused or it has a canonical form that reads back. */
static void test_fuzz(void **state)
{
	static const char seed[] =
		"{\"items\":[{\"source\":\"a\",\"n\":-1.5e3,\"t\":\"\\u00e4\\n\\\\\\\"x\"},[[{}]],"
		"null,true,\"ü😀\"],\"k\":{\"a\":1,\"b\":2}}";

	(void)state;
	random_begin("fuzz");
	for (int i = 0; i < 50000; i++) {
		char text[sizeof seed];
		struct str given = {text, sizeof seed - 1 - random_below(3) * random_below(20)};
		struct buf out = BUF_INIT;
		struct world world;
		json_t *json, *again;
		enum error error;

		memcpy(text, seed, sizeof seed);
		for (size_t edits = random_below(5); edits > 0; edits--) {
			size_t at = random_below(given.len), from = random_below(given.len);

			text[at] = random_below(3) ? text[from] : (char)random_u64();
		}
		world_begin(&world);
		error = json_parse(given, 1, "", &world.diag, &json);
		if (error) {
			assert_int_equal(error, ERR_MALFORMED_JSON);
			assert_int_equal(world.diag.count, 1);
			assert_true(str_is_utf8(str_from(world.diag.entries[0].detail)));
		} else {
			json_canonical(&out, json);
			again = parsed(&world, out.data);
			assert_true(json_equal(json, again) || strpbrk(out.data, "eE."));
			json_decref(again);
		}
		json_decref(json);
		buf_release(&out);
		world_end(&world);
	}
}

/* ---- reading objects ---- */

static void assert_fault(
	const struct world *world, size_t index, const char *pointer, const char *detail)
{
	assert_true(index < world->diag.count);
	assert_string_equal(world->diag.entries[index].pointer, pointer);
	assert_has(world->diag.entries[index].detail, detail);
}

static void test_read(void **state)
{
	static const char *const keys[] = {"t", "n", "i", "b", "at", "l", "e", "none", NULL};
	struct world world;
	json_t *json;
	struct str text;
	const struct str *list;
	size_t count;
	double number;
	int64_t integer, at_us;
	bool boolean;

	(void)state;
	world_begin(&world);
	json = parsed(&world,
		"{\"t\":\"abc\",\"n\":2.5,\"i\":7.0,\"b\":true,\"at\":\"1970-01-01T00:00:01Z\","
		"\"l\":[\"x\",\"y\"],\"e\":\"\",\"none\":null}");
	assert_true(json_only_keys(json, keys, "", &world.diag));
	assert_true(json_read_text(json, "t", 1, 3, true, "", &world.diag, &world.arena, &text));
	assert_true(str_is(text, "abc"));
	assert_true(json_read_text(json, "e", 0, 3, true, "", &world.diag, &world.arena, &text));
	assert_true(text.ptr && text.len == 0);
	assert_true(
		json_read_text(json, "none", 1, 3, false, "", &world.diag, &world.arena, &text));
	assert_null(text.ptr);
	assert_true(json_read_number(json, "n", 0, 3, true, "", &world.diag, &number));
	assert_true(number == 2.5);
	assert_true(json_read_number(json, "zz", 0, 3, false, "", &world.diag, &number));
	assert_true(isnan(number));
	assert_true(json_read_int(json, "i", 0, 9, true, 1, "", &world.diag, &integer));
	assert_int_equal(integer, 7);
	assert_true(json_read_int(json, "zz", 0, 9, false, 4, "", &world.diag, &integer));
	assert_int_equal(integer, 4);
	assert_true(json_read_bool(json, "b", false, "", &world.diag, &boolean));
	assert_true(boolean);
	assert_true(json_read_bool(json, "zz", true, "", &world.diag, &boolean));
	assert_true(boolean);
	assert_true(json_read_time(json, "at", true, "", &world.diag, &at_us));
	assert_int_equal(at_us, 1000000);
	assert_true(json_read_time(json, "none", false, "", &world.diag, &at_us));
	assert_true(at_us == TIME_NONE);
	assert_true(json_read_texts(json, "l", 2, 1, "", &world.diag, &world.arena, &list, &count));
	assert_int_equal(count, 2);
	assert_true(str_is(list[1], "y"));
	assert_int_equal(world.diag.count, 0);
	json_decref(json);
	world_end(&world);
}

static void test_read_faults(void **state)
{
	static const char *const keys[] = {"t", "n", "i", "b", "at", "l", NULL};
	struct world world;
	json_t *json;
	struct str text;
	const struct str *list;
	size_t count;
	double number;
	int64_t integer;
	bool boolean;
	struct diag *diag = &world.diag;

	(void)state;
	world_begin(&world);
	json = parsed(&world, "{\"t\":\"abcd\",\"n\":4,\"i\":1.5,\"b\":1,\"at\":\"yesterday\","
			      "\"l\":[\"x\",\"x\",3,\"\"],\"a/b~\":1}");
	assert_false(json_only_keys(json, keys, "/m", diag));
	assert_fault(&world, 0, "#/m/a~1b~0", "no such field");
	assert_false(json_read_text(json, "t", 1, 3, true, "/m", diag, &world.arena, &text));
	assert_fault(&world, 1, "#/m/t", "1 to 3 bytes");
	assert_false(json_read_text(json, "n", 1, 3, true, "/m", diag, &world.arena, &text));
	assert_fault(&world, 2, "#/m/n", "Must be a string, not a number.");
	assert_false(json_read_text(json, "zz", 1, 3, true, "/m", diag, &world.arena, &text));
	assert_fault(&world, 3, "#/m/zz", "required");
	assert_false(json_read_number(json, "n", 0, 3, true, "", diag, &number));
	assert_fault(&world, 4, "#/n", "Must be from 0 to 3.");
	assert_false(json_read_number(json, "n", 5, INFINITY, true, "", diag, &number));
	assert_fault(&world, 5, "#/n", "Must be at least 5.");
	assert_false(json_read_int(json, "i", 0, 9, true, 0, "", diag, &integer));
	assert_fault(&world, 6, "#/i", "whole");
	assert_false(json_read_int(json, "n", 0, 3, true, 0, "", diag, &integer));
	assert_fault(&world, 7, "#/n", "Must be from 0 to 3.");
	assert_false(json_read_bool(json, "b", false, "", diag, &boolean));
	assert_fault(&world, 8, "#/b", "true or false");
	assert_false(json_read_time(json, "at", true, "", diag, &integer));
	assert_fault(&world, 9, "#/at", "RFC 3339");
	assert_false(json_read_texts(json, "l", 9, 9, "", diag, &world.arena, &list, &count));
	assert_fault(&world, 10, "#/l/1", "already");
	assert_fault(&world, 11, "#/l/2", "Must be a string, not a number.");
	assert_fault(&world, 12, "#/l/3", "empty");
	assert_false(json_read_texts(json, "l", 2, 9, "", diag, &world.arena, &list, &count));
	assert_fault(&world, 13, "#/l", "at most 2");
	assert_int_equal(diag->count, 14);
	json_decref(json);
	world_end(&world);
}

static int setup(void **state)
{
	(void)state;
	json_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_long_duplicate),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_scalars_are_json),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_trees_outlive),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_numbers_read_back),
		cmocka_unit_test(test_canonical_random),
		cmocka_unit_test(test_fuzz),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_faults),
	};

	return cmocka_run_group_tests_name("json", tests, setup, NULL);
}
