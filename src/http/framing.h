/*
 * Is it beyond doubt where this request ends? What two parsers in a row could read differently
 * (RFC 9112 §6.3, §11.2) is refused before anything looks at it. Pure; see also docs of what the
 * library below hides: a NUL in a value, a bare LF and a folded line cannot be seen from here.
 */
#ifndef WINNOW_HTTP_FRAMING_H
#define WINNOW_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "http/http.h"

enum { TARGET_MAX_BYTES = 8192, HEADERS_MAX_BYTES = 8192 };

/* What the raw request target shows before the library decodes it. */
enum target_faults {
	TARGET_NUL = 1,      /* "%00" in the path: the library would cut the path there */
	TARGET_TOO_LONG = 2, /* more than TARGET_MAX_BYTES */
	TARGET_TOO_MANY = 4, /* more query parameters than REQUEST_MAX_FIELDS */
	TARGET_BAD_BYTE = 8, /* a blank or a control byte */
};
/* A set of target_faults. *query is the offset behind the '?', or 0 when there is none. */
unsigned target_judge(const char *target, size_t *query);

enum framing_body {
	FRAMING_NO_BODY,
	FRAMING_LENGTH, /* Content-Length above 0 */
	FRAMING_CHUNKED,
};

struct framing {
	enum framing_body body;
	uint64_t body_bytes; /* of FRAMING_LENGTH */
};

/*
 * NULL when the framing is clear, else a sentence that says what is wrong with it. `version` is
 * the text of the request line, "HTTP/1.1".
 */
const char *framing_judge(const struct field *headers, size_t count, const char *version,
	unsigned target_faults, struct framing *out);

/* RFC 9110 §5.6.2, not empty. */
bool is_token(struct str text);
bool name_is(struct str name, const char *lower_case); /* ASCII case is ignored */

#endif
