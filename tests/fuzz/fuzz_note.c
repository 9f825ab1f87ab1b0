/*
 * Signed notes, checkpoints and their keys from bytes. What is read is written again to the same bytes: no two texts
 * mean the same key, or the same origin, size and root. No note that was not signed by the key opens: the only texts
 * that do are what it signs here itself. Ends the program where it is not so.
 *
 * `make fuzz` runs it; the unit test codec/test_fuzz_note runs the corpus and mutations of it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the bytes 0 … 31; the key of the corpus. */
static const char fuzz_secret[] =
	"PRIVATE+KEY+fuzz.example.org+589bac00+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

static size_t fuzz_keys, fuzz_notes, fuzz_checkpoints; /* that were accepted */

static void fuzz_must(bool holds)
{
	if (!holds)
		abort();
}

static bool fuzz_is(const struct buf *text, struct str expected)
{
	return !text->failed && text->len == expected.len &&
	       memcmp(text->data, expected.ptr, expected.len) == 0;
}

static void fuzz_key(struct str text)
{
	struct note_verifier verifier;
	struct note_signer signer;
	struct buf again = BUF_INIT;

	if (note_verifier_parse(text, &verifier)) {
		note_verifier_write(&again, &verifier);
		fuzz_must(fuzz_is(&again, text));
		fuzz_keys++;
	}
	buf_reset(&again);
	if (note_signer_parse(text, &signer)) {
		note_signer_write(&again, &signer);
		fuzz_must(fuzz_is(&again, text));
		fuzz_keys++;
	}
	buf_release(&again);
}

/* Without extension lines a checkpoint has one form. */
static void fuzz_checkpoint(struct str text)
{
	struct checkpoint checkpoint;
	struct buf again = BUF_INIT;

	if (!checkpoint_parse(text, &checkpoint))
		return;
	fuzz_checkpoints++;
	checkpoint_write(&again, &checkpoint);
	fuzz_must(again.len <= text.len && memcmp(again.data, text.ptr, again.len) == 0);
	buf_release(&again);
}

/* What it says is what this key signs of the same text. */
static void fuzz_note(struct str note, const struct note_signer *signer)
{
	struct buf again = BUF_INIT;
	struct checkpoint checkpoint;
	struct str text;

	checkpoint_of_note(note, &checkpoint);
	if (note_open(note, &signer->verifier, &text) != NOTE_GOOD)
		return;
	fuzz_notes++;
	fuzz_must(note_sign(signer, text, &again));
	fuzz_must(memcmp(again.data, text.ptr, text.len) == 0);
	/* The signature's line, wherever those of other keys stand. */
	fuzz_must(memmem(note.ptr, note.len, again.data + text.len + 1, again.len - text.len - 1) !=
		  NULL);
	buf_release(&again);
}

/* Signed here: it opens, as far as its text is one that can be signed. */
static void fuzz_sign(struct str text, const struct note_signer *signer)
{
	struct buf note = BUF_INIT;
	struct str back;
	bool plain = text.len > 0 && text.ptr[text.len - 1] == '\n' && str_is_utf8(text) &&
		     text.len < NOTE_BYTES_MAX - 1024;

	for (size_t i = 0; i < text.len; i++)
		plain = plain && ((unsigned char)text.ptr[i] >= ' ' || text.ptr[i] == '\n');
	fuzz_must(note_sign(signer, text, &note));
	if (note_open(buf_view(&note), &signer->verifier, &back) == NOTE_GOOD)
		fuzz_must(str_eq(back, text));
	else
		fuzz_must(!plain);
	buf_release(&note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct note_signer signer;

	fuzz_must(note_signer_parse(STR(fuzz_secret), &signer));
	fuzz_key(text);
	fuzz_checkpoint(text);
	fuzz_note(text, &signer);
	fuzz_sign(text, &signer);
	return 0;
}
