#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "out_of_memory.h"
#include "random.h"

static struct uuid uuid_of(uint64_t high, uint64_t low)
{
	struct uuid uuid;

	memcpy(uuid.bytes, &high, 8);
	memcpy(uuid.bytes + 8, &low, 8);
	return uuid;
}

static void test_empty(void **state)
{
	struct uuid_map ids = {0};
	struct str_map names = {0};
	struct uuid key = {{0}};

	(void)state;
	assert_int_equal(uuid_map_get(&ids, &key), MAP_NONE);
	assert_int_equal(str_map_get(&names, STR("a")), MAP_NONE);
	uuid_map_release(&ids);
	str_map_release(&names);
}

static void test_add_and_replace(void **state)
{
	struct uuid_map ids = {0};
	struct str_map names = {0};
	struct uuid zero = {{0}}, other = uuid_of(0, 1);
	char copy[] = "name";

	(void)state;
	assert_true(uuid_map_put(&ids, &zero, 0));
	assert_int_equal(uuid_map_get(&ids, &zero), 0);
	assert_int_equal(uuid_map_get(&ids, &other), MAP_NONE);
	assert_true(uuid_map_put(&ids, &zero, MAP_NONE - 1));
	assert_int_equal(uuid_map_get(&ids, &zero), MAP_NONE - 1);
	assert_int_equal(ids.used, 1);
	/* The number that means "absent" cannot be a value, and nothing is lost by trying. */
	assert_false(uuid_map_put(&ids, &zero, MAP_NONE));
	assert_false(uuid_map_put(&ids, &other, MAP_NONE));
	assert_int_equal(uuid_map_get(&ids, &zero), MAP_NONE - 1);
	assert_int_equal(ids.used, 1);
	uuid_map_release(&ids);
	assert_int_equal(uuid_map_get(&ids, &zero), MAP_NONE);

	assert_true(str_map_put(&names, STR("name"), 1));
	assert_true(str_map_put(&names, STR(""), 2));
	assert_true(str_map_put(&names, STR("na\0me"), 3));
	assert_true(str_map_put(&names, str_from(copy), 4));
	assert_int_equal(names.used, 3);
	assert_int_equal(str_map_get(&names, STR("name")), 4);
	assert_int_equal(str_map_get(&names, STR("")), 2);
	assert_int_equal(str_map_get(&names, STR("na\0me")), 3);
	assert_int_equal(str_map_get(&names, STR("na")), MAP_NONE);
	assert_false(str_map_put(&names, STR("name"), MAP_NONE));
	str_map_release(&names);
	assert_int_equal(str_map_get(&names, STR("name")), MAP_NONE);
}

/* Ids that differ in a few bits of one place only, as the hash must spread them all. */
static void test_patterned_ids(void **state)
{
	enum { COUNT = 20000 };

	(void)state;
	for (unsigned shift = 0; shift < 48; shift += 8) {
		for (unsigned half = 0; half < 2; half++) {
			struct uuid_map map = {0};

			for (uint32_t i = 0; i < COUNT; i++) {
				uint64_t bits = (uint64_t)i << shift;
				struct uuid key = half ? uuid_of(0, bits) : uuid_of(bits, 0);

				assert_true(uuid_map_put(&map, &key, i));
			}
			assert_int_equal(map.used, COUNT);
			for (uint32_t i = 0; i < COUNT; i++) {
				uint64_t bits = (uint64_t)i << shift;
				struct uuid key = half ? uuid_of(0, bits) : uuid_of(bits, 0);

				assert_int_equal(uuid_map_get(&map, &key), i);
			}
			uuid_map_release(&map);
		}
	}
}

/* Against a plain array, where most keys come up again and again. */
static void test_random_operations(void **state)
{
	enum { KEYS = 3000 };
	static struct uuid ids[KEYS];
	static char texts[KEYS][8];
	static uint32_t expected[KEYS];
	struct uuid_map by_id = {0};
	struct str_map by_name = {0};
	size_t used = 0;

	(void)state;
	random_begin("map");
	for (size_t i = 0; i < KEYS; i++) {
		ids[i] = uuid_of(random_u64(), random_u64());
		snprintf(texts[i], sizeof texts[i], "k%u", (unsigned)i % KEYS);
		expected[i] = MAP_NONE;
	}
	for (int step = 0; step < 50000; step++) {
		size_t i = random_below(KEYS);
		uint32_t value = (uint32_t)random_u64() / 2;

		assert_int_equal(uuid_map_get(&by_id, &ids[i]), expected[i]);
		assert_int_equal(str_map_get(&by_name, str_from(texts[i])), expected[i]);
		if (step % 3 != 0)
			continue;
		assert_true(uuid_map_put(&by_id, &ids[i], value));
		assert_true(str_map_put(&by_name, str_from(texts[i]), value));
		used += expected[i] == MAP_NONE;
		expected[i] = value;
		assert_int_equal(by_id.used, used);
		assert_int_equal(by_name.used, used);
	}
	uuid_map_release(&by_id);
	str_map_release(&by_name);
}

static void test_out_of_memory(void **state)
{
	enum { KEYS = 200 };
	char texts[KEYS][8];

	(void)state;
	for (unsigned i = 0; i < KEYS; i++)
		snprintf(texts[i], sizeof texts[i], "%u", i % KEYS);
	for (long n = 0;; n++) {
		struct uuid_map ids = {0};
		struct str_map names = {0};
		uint32_t id_count = 0, name_count = 0;
		bool failed;

		oom_begin(n);
		for (; id_count < KEYS; id_count++) {
			struct uuid key = uuid_of(id_count, 0);

			if (!uuid_map_put(&ids, &key, id_count))
				break;
		}
		while (name_count < KEYS &&
			str_map_put(&names, str_from(texts[name_count]), name_count))
			name_count++;
		failed = oom_end();
		/* What was put before is still there; what was not is not. */
		assert_int_equal(ids.used, id_count);
		assert_int_equal(names.used, name_count);
		for (uint32_t i = 0; i < KEYS; i++) {
			struct uuid key = uuid_of(i, 0);

			assert_int_equal(uuid_map_get(&ids, &key), i < id_count ? i : MAP_NONE);
			assert_int_equal(str_map_get(&names, str_from(texts[i])),
				i < name_count ? i : MAP_NONE);
		}
		uuid_map_release(&ids);
		str_map_release(&names);
		if (!failed) {
			assert_int_equal(id_count + name_count, 2 * KEYS);
			return;
		}
		assert_true(id_count + name_count < 2 * KEYS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_add_and_replace),
		cmocka_unit_test(test_patterned_ids),
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
