#include "base/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct uuid dns = {{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00,
	0xc0, 0x4f, 0xd4, 0x30, 0xc8}};

static void test_text(void **state)
{
	char text[UUID_TEXT_SIZE];
	struct uuid read;

	(void)state;
	assert_ptr_equal(uuid_to_text(&dns, text), text);
	assert_string_equal(text, "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
	assert_true(uuid_from_text(str_from(text), &read));
	assert_int_equal(uuid_cmp(&read, &dns), 0);
	assert_true(uuid_from_text(STR("6BA7B810-9DAD-11d1-80B4-00C04FD430C8"), &read));
	assert_int_equal(uuid_cmp(&read, &dns), 0);
	/* Any version, any variant: that is not for the syntax to say. */
	assert_true(uuid_from_text(STR("ffffffff-ffff-ffff-ffff-ffffffffffff"), &read));
	assert_true(uuid_from_text(STR("00000000-0000-0000-0000-000000000000"), &read));
	assert_true(uuid_cmp(&read, &dns) < 0);
}

static void test_bad_text(void **state)
{
	static const char good[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
	struct uuid read = dns;

	(void)state;
	assert_false(uuid_from_text(STR_NONE, &read));
	assert_false(uuid_from_text(STR(""), &read));
	assert_false(uuid_from_text(STR("6ba7b8109dad11d180b400c04fd430c8"), &read));
	assert_false(uuid_from_text(STR("{6ba7b810-9dad-11d1-80b4-00c04fd430c8}"), &read));
	assert_false(uuid_from_text(STR("6ba7b810-9dad-11d1-80b4-00c04fd430c8 "), &read));
	assert_false(uuid_from_text(STR("6ba7b810-9dad-11d1-80b4-00c04fd430c"), &read));
	assert_false(uuid_from_text(STR("------------------------------------"), &read));
	for (size_t at = 0; at < 36; at++) {
		/* Without a NUL, so that a read past the end shows under a sanitizer. */
		char *text = malloc(36);

		memcpy(text, good, 36);
		text[at] = text[at] == '-' ? '0' : '-';
		assert_false(uuid_from_text((struct str){text, 36}, &read));
		text[at] = 'g';
		assert_false(uuid_from_text((struct str){text, 36}, &read));
		text[at] = '\0';
		assert_false(uuid_from_text((struct str){text, 36}, &read));
		free(text);
	}
	/* A refused text leaves the output alone. */
	assert_int_equal(uuid_cmp(&read, &dns), 0);
}

/* RFC 9562, appendix A.4; Python's uuid module for the others. */
static void test_derived(void **state)
{
	static const struct {
		struct str name;
		const char *text;
	} vectors[] = {
		{{"www.example.com", 15}, "2ed6657d-e927-568b-95e1-2665a8aea6a2"},
		{{NULL, 0}, "4ebd0208-8328-5d69-8c44-ec50939c0967"},
		{{"jira\0ACME-1", 11}, "a1fa584b-7223-5025-8027-90030190faa3"},
	};
	char text[UUID_TEXT_SIZE];
	struct uuid made, self = dns;

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		uuid_derive(&dns, vectors[i].name.ptr, vectors[i].name.len, &made);
		assert_string_equal(uuid_to_text(&made, text), vectors[i].text);
	}
	/* The output may be the name space. */
	uuid_derive(&self, "www.example.com", 15, &self);
	assert_string_equal(uuid_to_text(&self, text), vectors[0].text);
}

static void test_random(void **state)
{
	struct uuid last = {{0}};
	unsigned char seen_zero[16] = {0}, seen_one[16] = {0};

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct uuid made;

		uuid_random(&made);
		assert_int_equal(made.bytes[6] >> 4, 4);
		assert_int_equal(made.bytes[8] >> 6, 2);
		assert_int_not_equal(uuid_cmp(&made, &last), 0);
		for (size_t at = 0; at < 16; at++) {
			seen_one[at] |= made.bytes[at];
			seen_zero[at] |= (unsigned char)~made.bytes[at];
		}
		last = made;
	}
	/* Each free bit takes both values. */
	for (size_t at = 0; at < 16; at++) {
		unsigned fixed = at == 6 ? 0xf0 : at == 8 ? 0xc0 : 0;

		assert_int_equal(seen_one[at] | fixed, 0xff);
		assert_int_equal(seen_zero[at] | fixed, 0xff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_bad_text),
		cmocka_unit_test(test_derived),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
