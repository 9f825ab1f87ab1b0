/*
 * The guard in front of everything else: the library accepts several Content-Length fields,
 * Content-Length beside Transfer-Encoding, and names with a blank before the colon, each of which
 * makes the rest of a body into a second request of somebody else's choice.
 */
#include "http/framing.h"

#include "base/num.h"

/* tchar of RFC 9110 §5.6.2. */
static const bool token_bytes[256] = {
	['!'] = true,
	['#'] = true,
	['$'] = true,
	['%'] = true,
	['&'] = true,
	['\''] = true,
	['*'] = true,
	['+'] = true,
	['-'] = true,
	['.'] = true,
	['^'] = true,
	['_'] = true,
	['`'] = true,
	['|'] = true,
	['~'] = true,
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
};

bool is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!token_bytes[(unsigned char)text.ptr[i]])
			return false;
	}
	return text.len > 0;
}

bool name_is(struct str name, const char *lower_case)
{
	size_t i;

	for (i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		if (c != lower_case[i])
			return false; /* also at the end of lower_case */
	}
	return lower_case[i] == '\0';
}

unsigned target_judge(const char *target, size_t *query)
{
	unsigned faults = 0;
	size_t parameters = 0;
	size_t len = 0;

	*query = 0;
	for (; target[len]; len++) {
		unsigned char c = (unsigned char)target[len];

		if (c <= ' ' || c == 0x7f)
			faults |= TARGET_BAD_BYTE;
		else if (c == '%' && !*query && target[len + 1] == '0' && target[len + 2] == '0')
			faults |= TARGET_NUL;
		else if (c == '?' && !*query)
			*query = len + 1;
		else if (c == '&' && *query)
			parameters++;
	}
	if (len > TARGET_MAX_BYTES)
		faults |= TARGET_TOO_LONG;
	if (parameters + 1 > REQUEST_MAX_FIELDS)
		faults |= TARGET_TOO_MANY;
	return faults;
}

struct counts {
	struct str length;
	struct str coding;
	unsigned lengths;
	unsigned codings;
	unsigned hosts;
	bool bad_name;
};

static void count_field(struct counts *counts, const struct field *field)
{
	if (!is_token(field->name)) {
		counts->bad_name = true;
		return;
	}
	switch (field->name.len) {
	case sizeof "host" - 1:
		if (name_is(field->name, "host"))
			counts->hosts++;
		break;
	case sizeof "content-length" - 1:
		if (name_is(field->name, "content-length")) {
			counts->lengths++;
			counts->length = field->value;
		}
		break;
	case sizeof "transfer-encoding" - 1:
		if (name_is(field->name, "transfer-encoding")) {
			counts->codings++;
			counts->coding = field->value;
		}
		break;
	}
}

const char *framing_judge(const struct field *headers, size_t count, const char *version,
	unsigned target_faults, struct framing *out)
{
	struct counts counts = {.bad_name = false};
	bool old = strcmp(version, "HTTP/1.0") == 0;

	*out = (struct framing){FRAMING_NO_BODY, 0};
	for (size_t i = 0; i < count; i++)
		count_field(&counts, &headers[i]);

	if (counts.bad_name)
		return "A header field's name holds a byte that a name cannot hold.";
	if (counts.lengths > 1)
		return "There is more than one Content-Length.";
	if (counts.codings > 1)
		return "There is more than one Transfer-Encoding.";
	if (counts.lengths && counts.codings)
		return "There is a Content-Length and a Transfer-Encoding.";
	if (counts.codings && (old || !str_is(counts.coding, "chunked")))
		return "The only Transfer-Encoding that is accepted is \"chunked\".";
	if (counts.hosts > 1 || (counts.hosts == 0 && !old))
		return "There must be exactly one Host.";
	if (counts.lengths && !num_parse_u64(counts.length, &out->body_bytes))
		return "The Content-Length is not a number.";
	if (target_faults & TARGET_NUL)
		return "The path holds an encoded NUL byte.";
	if (target_faults & TARGET_BAD_BYTE)
		return "The request target holds a blank or a control byte.";

	if (counts.codings)
		out->body = FRAMING_CHUNKED;
	else if (out->body_bytes > 0)
		out->body = FRAMING_LENGTH;
	return NULL;
}
