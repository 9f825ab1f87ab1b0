/*
 * Signed notes and checkpoints: the published examples, and that nothing which differs from what was
 * written is taken for it.
 */
#include "codec/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { LINE_MAX_BYTES = 1024 };

static const char signer_text[] =
	"PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

static struct note_signer signer_of(const char *text)
{
	struct note_signer signer = {0};

	assert_true(note_signer_parse(str_from(text), &signer));
	return signer;
}

/* ---- tests/vectors/notes.txt ---- */

struct note_case {
	char signer[LINE_MAX_BYTES], verifier[LINE_MAX_BYTES], text[LINE_MAX_BYTES];
};

static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		bool newline = from[0] == '\\' && from[1] == 'n';

		*to++ = newline ? '\n' : *from;
		from += newline;
	}
	*to = '\0';
}

static void check_case(const struct note_case *c, const char *signature)
{
	struct note_verifier verifier;
	struct buf note = BUF_INIT, made = BUF_INIT, key = BUF_INIT;
	struct str text;

	buf_printf(&note, "%s\n%s\n", c->text, signature);
	assert_true(note_verifier_parse(str_from(c->verifier), &verifier));
	note_verifier_write(&key, &verifier);
	assert_string_equal(key.data, c->verifier);
	assert_int_equal(note_open(buf_view(&note), &verifier, &text), NOTE_GOOD);
	assert_true(str_is(text, c->text));
	if (c->signer[0]) {
		struct note_signer signer = signer_of(c->signer);

		assert_memory_equal(signer.verifier.key, verifier.key, sizeof verifier.key);
		buf_reset(&key);
		note_signer_write(&key, &signer);
		assert_string_equal(key.data, c->signer);
		assert_true(note_sign(&signer, text, &made));
		assert_string_equal(made.data, note.data);
	}
	buf_release(&note);
	buf_release(&made);
	buf_release(&key);
}

static void test_vectors(void **state)
{
	FILE *file = fopen("tests/vectors/notes.txt", "re");
	char line[LINE_MAX_BYTES];
	struct note_case c = {.text = ""};
	int cases = 0;

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		char *value = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || !value)
			continue;
		*value++ = '\0';
		if (strcmp(line, "name") == 0)
			c = (struct note_case){.text = ""};
		else if (strcmp(line, "signer") == 0)
			snprintf(c.signer, sizeof c.signer, "%s", value);
		else if (strcmp(line, "verifier") == 0)
			snprintf(c.verifier, sizeof c.verifier, "%s", value);
		else if (strcmp(line, "text") == 0) {
			snprintf(c.text, sizeof c.text, "%s", value);
			unescape(c.text);
		} else if (strcmp(line, "signature") == 0) {
			check_case(&c, value);
			cases++;
		}
	}
	fclose(file);
	assert_int_equal(cases, 2);
}

/* ---- keys ---- */

static void test_new_keys(void **state)
{
	struct note_signer signer = {0}, other = {0};
	struct note_verifier verifier;
	struct buf text = BUF_INIT;

	(void)state;
	assert_true(note_signer_make(STR("winnow.example.org"), &signer));
	assert_true(note_signer_make(STR("winnow.example.org"), &other));
	assert_memory_not_equal(signer.secret, other.secret, sizeof signer.secret);
	note_signer_write(&text, &signer);
	assert_true(note_signer_parse(buf_view(&text), &other));
	assert_memory_equal(signer.secret, other.secret, sizeof signer.secret);
	/* A signer's key is no verifier's, and the other way round. */
	assert_false(note_verifier_parse(buf_view(&text), &verifier));
	buf_reset(&text);
	note_verifier_write(&text, &signer.verifier);
	assert_false(note_signer_parse(buf_view(&text), &other));
	buf_release(&text);
	for (size_t i = 0; i < 4; i++)
		assert_false(note_signer_make(
			((struct str[]){STR(""), STR("a b"), STR("a+b"), STR("ä")})[i], &signer));
}

/* One byte another, or cut anywhere: no key. */
static void test_damaged_keys(void **state)
{
	struct note_signer signer;
	char text[sizeof signer_text];
	size_t accepted = 0;

	(void)state;
	for (size_t i = 0; i < sizeof signer_text - 1; i++) {
		memcpy(text, signer_text, sizeof text);
		assert_false(note_signer_parse((struct str){text, i}, &signer));
		text[i] = text[i] == 'A' ? 'B' : 'A';
		accepted += note_signer_parse(str_from(text), &signer);
	}
	assert_int_equal(accepted, 0);
}

/* ---- notes ---- */

static void test_damaged_notes(void **state)
{
	struct note_signer signer = signer_of(signer_text);
	struct buf note = BUF_INIT;
	struct str text;

	(void)state;
	assert_true(note_sign(&signer, STR("a\nb\n"), &note));
	for (size_t i = 0; i < note.len; i++) {
		char was = note.data[i];

		assert_int_not_equal(
			note_open((struct str){note.data, i}, &signer.verifier, &text), NOTE_GOOD);
		note.data[i] = was == 'x' ? 'y' : 'x';
		assert_int_not_equal(
			note_open(buf_view(&note), &signer.verifier, &text), NOTE_GOOD);
		note.data[i] = was;
	}
	buf_release(&note);
}

static void test_several_signatures(void **state)
{
	struct note_signer signer = signer_of(signer_text), other = {0};
	struct buf note = BUF_INIT, line = BUF_INIT;
	const char *last;
	struct str text;

	(void)state;
	assert_true(note_signer_make(STR("PeterNeumann"), &other));
	assert_true(note_sign(&other, STR("a\n"), &note));
	assert_int_equal(note_open(buf_view(&note), &signer.verifier, &text), NOTE_UNKNOWN);
	assert_true(note_sign(&signer, STR("a\n"), &line));
	last = strstr(line.data, "\n\n") + 2;
	buf_puts(&note, last);
	assert_int_equal(note_open(buf_view(&note), &signer.verifier, &text), NOTE_GOOD);
	assert_int_equal(note_open(buf_view(&note), &other.verifier, &text), NOTE_GOOD);
	/* A known key's signature of another text spoils the note. */
	buf_reset(&line);
	assert_true(note_sign(&signer, STR("b\n"), &line));
	buf_puts(&note, strstr(line.data, "\n\n") + 2);
	assert_int_equal(note_open(buf_view(&note), &signer.verifier, &text), NOTE_FORGED);
	buf_release(&note);
	buf_release(&line);
}

static void test_what_is_no_note(void **state)
{
	static const char *const texts[] = {"", "\n", "\n\n", "a\n", "a\n\n", "a\n\nb\n",
		"a\n\n\xe2\x80\x94 x\n", "a\n\n\xe2\x80\x94 x y", "a\r\n\n\xe2\x80\x94 x eA==\n",
		"\xff\n\n\xe2\x80\x94 x eA==\n"};
	struct note_signer signer = signer_of(signer_text);
	struct str text;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(
			note_open(str_from(texts[i]), &signer.verifier, &text), NOTE_MALFORMED);
}

/* ---- checkpoints ---- */

static void test_checkpoints(void **state)
{
	static const char published[] = "example.com/behind-the-sofa\n20852163\n"
					"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
	struct checkpoint checkpoint, again;
	struct buf text = BUF_INIT;
	struct uuid workspace = {{0}}, other = {{1}};

	(void)state;
	/* The example of c2sp.org/tlog-checkpoint. */
	assert_true(checkpoint_parse(str_from(published), &checkpoint));
	assert_true(str_is(checkpoint.origin, "example.com/behind-the-sofa"));
	assert_int_equal(checkpoint.size, 20852163);
	checkpoint_write(&text, &checkpoint);
	assert_string_equal(text.data, published);
	assert_false(checkpoint_is_of(&checkpoint, &workspace));
	buf_reset(&text);
	checkpoint_origin(&text, "winnow.example.org", &workspace);
	assert_string_equal(text.data, "winnow.example.org/00000000-0000-0000-0000-000000000000");
	checkpoint.origin = buf_view(&text);
	assert_true(checkpoint_is_of(&checkpoint, &workspace));
	assert_false(checkpoint_is_of(&checkpoint, &other));
	assert_true(checkpoint_parse(STR("a\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
					 "an extension\n"),
		&again));
	buf_release(&text);
}

static void test_what_is_no_checkpoint(void **state)
{
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
	static const char *const texts[] = {"", "a\n", "a\n1\n", "\n1\n" ROOT "\n",
		"a\n01\n" ROOT "\n", "a\n-1\n" ROOT "\n", "a\n1\n" ROOT, "a\n1\nx" ROOT "\n",
		"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
		"a\n9223372036854775808\n" ROOT "\n", "a\n1\n" ROOT "\n\nx\n"};
	struct checkpoint checkpoint;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_false(checkpoint_parse(str_from(texts[i]), &checkpoint));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_new_keys),
		cmocka_unit_test(test_damaged_keys),
		cmocka_unit_test(test_damaged_notes),
		cmocka_unit_test(test_several_signatures),
		cmocka_unit_test(test_what_is_no_note),
		cmocka_unit_test(test_what_is_no_checkpoint),
		cmocka_unit_test(test_checkpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
