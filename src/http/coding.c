/*
 * Reading Accept-Encoding. Weights are thousandths; what is malformed counts as not named.
 */
#include "http/coding.h"

#include "http/framing.h"

enum { UNNAMED = -1, WHOLE = 1000 };

struct weights {
	int gzip, identity, any;
};

static struct str trim(struct str text)
{
	while (text.len > 0 && (*text.ptr == ' ' || *text.ptr == '\t')) {
		text.ptr++;
		text.len--;
	}
	while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* What stands before the separator; the rest stays. */
static struct str cut(struct str *rest, char separator)
{
	const char *end = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
	struct str part = *rest;

	if (!end) {
		*rest = (struct str){rest->ptr + rest->len, 0};
		return trim(part);
	}
	part.len = (size_t)(end - rest->ptr);
	rest->ptr += part.len + 1;
	rest->len -= part.len + 1;
	return trim(part);
}

/* "q=0.25": a digit 0 or 1, then at most three more; -1 for anything else. */
static int parse_weight(struct str text)
{
	int weight, unit = WHOLE;

	if (text.len < 3 || text.len > 7 || (text.ptr[0] != 'q' && text.ptr[0] != 'Q') ||
		text.ptr[1] != '=' || (text.ptr[2] != '0' && text.ptr[2] != '1'))
		return UNNAMED;
	weight = (text.ptr[2] - '0') * WHOLE;
	if (text.len > 3 && text.ptr[3] != '.')
		return UNNAMED;
	for (size_t i = 4; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return UNNAMED;
		unit /= 10;
		weight += (text.ptr[i] - '0') * unit;
	}
	return weight <= WHOLE ? weight : UNNAMED;
}

static void read_codings(struct str list, struct weights *weights)
{
	while (list.len > 0) {
		struct str member = cut(&list, ',');
		struct str coding = cut(&member, ';');
		int weight = member.len > 0 ? parse_weight(trim(member)) : WHOLE;

		if (name_is(coding, "gzip") || name_is(coding, "x-gzip"))
			weights->gzip = weight;
		else if (name_is(coding, "identity"))
			weights->identity = weight;
		else if (str_is(coding, "*"))
			weights->any = weight;
	}
}

bool coding_takes_gzip(const struct request *request)
{
	struct weights weights = {UNNAMED, UNNAMED, UNNAMED};

	for (size_t i = 0; i < request->header_count; i++) {
		const struct field *field = &request->headers[i];

		if (field->name.len == sizeof "accept-encoding" - 1 &&
			name_is(field->name, "accept-encoding"))
			read_codings(field->value, &weights);
	}
	if (weights.gzip == UNNAMED)
		weights.gzip = weights.any;
	/* As they are is what one may always send, but somebody who names gzip has a use for it. */
	return weights.gzip > 0 && weights.gzip >= weights.identity;
}

bool response_is_gzip(struct response *response, struct request *request)
{
	for (size_t i = 0; i < response->header_count; i++) {
		const char *tag = response->headers[i].value;

		if (strcmp(response->headers[i].name, "ETag") != 0)
			continue;
		tag = etag_of_gzip(request, tag);
		if (!tag)
			return false;
		response->headers[i].value = tag;
	}
	response_header(response, request, "Content-Encoding", "gzip");
	return true;
}
