/*
 * Evidence bundles from bytes, line by line, as `winnow evidence verify` reads them. The key has signed one bundle, the
 * corpus's: all others have a fault, and those that are told have a part and a sentence. Ends the program where it is
 * not so.
 *
 * `make fuzz` runs it; the unit test codec/test_fuzz_evidence runs the corpus and mutations of it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "codec/evidence_check.h"
#include "codec/json.h"
#include "codec/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Who signed, and the SHA-256 of what: the lines before the last. */
static const char fuzz_signed_by[] =
	"fuzz.example.org+589bac00+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
static const char fuzz_signed[] =
	"da949b10078ef18fa2e0a49bd7a5db45519f498a9d39dc082b34771e022f6af6";

static size_t fuzz_sound; /* bundles that held */

static void fuzz_must(bool holds)
{
	if (!holds)
		abort();
}

/* Up to the signature's line, which is not signed itself. */
static bool fuzz_is_signed(struct str text)
{
	struct sha256 hash;
	char hex[SHA256_HEX_SIZE];
	size_t end = text.len;

	while (end > 0 && text.ptr[end - 1] == '\n')
		end--;
	while (end > 0 && text.ptr[end - 1] != '\n')
		end--;
	return sha256_of(text.ptr, end, &hash) &&
	       strcmp(sha256_to_hex(&hash, hex), fuzz_signed) == 0;
}

/* Blank lines are lines; what is behind the last newline is one, too. */
static bool fuzz_feed(struct evidence_check *check, struct str text)
{
	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len, step = len + (end != NULL);

		if (evidence_check_line(check, (struct str){text.ptr, len}))
			return false;
		text = (struct str){text.ptr + step, text.len - step};
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct evidence_verdict *verdict;
	struct note_verifier verifier;
	struct evidence_check *check;

	fuzz_must(note_verifier_parse(STR(fuzz_signed_by), &verifier));
	check = evidence_check_new(&verifier);
	fuzz_must(check != NULL);
	if (fuzz_feed(check, (struct str){(const char *)data, size})) {
		verdict = evidence_check_end(check);
		fuzz_must(verdict != NULL);
		for (size_t i = 0; i < verdict->fault_count && i < EVIDENCE_FAULTS; i++)
			fuzz_must(verdict->faults[i].part && verdict->faults[i].what[0]);
		fuzz_sound += verdict->fault_count == 0;
		fuzz_must(verdict->fault_count > 0 ||
			  fuzz_is_signed((struct str){(const char *)data, size}));
	}
	evidence_check_free(check);
	return 0;
}
