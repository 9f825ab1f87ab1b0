/*
 * Who an item is, by a glance at its JSON. It may be wrong: what is not well-formed is not noticed.
 * So nothing follows from it but where to look; see item.h.
 */
#include "codec/item.h"

struct glance {
	const char *at, *end;
};

static void skip_blanks(struct glance *glance)
{
	while (glance->at < glance->end && *glance->at <= ' ')
		glance->at++;
}

/* At its opening quote; *plain: without escapes. Ends behind the closing one. */
static bool glance_string(struct glance *glance, struct str *text, bool *plain)
{
	const char *begin = ++glance->at;

	*plain = true;
	while (glance->at < glance->end && *glance->at != '"') {
		if (*glance->at == '\\') {
			*plain = false;
			glance->at++;
		}
		glance->at++;
	}
	if (glance->at >= glance->end)
		return false;
	*text = (struct str){begin, (size_t)(glance->at - begin)};
	glance->at++;
	return true;
}

/* To the comma or the bracket behind the value. */
static bool skip_value(struct glance *glance)
{
	size_t depth = 0;
	struct str text;
	bool plain;

	while (glance->at < glance->end) {
		char c = *glance->at;

		if (c == '"') {
			if (!glance_string(glance, &text, &plain))
				return false;
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}'))
			return true;
		depth += c == '{' || c == '[';
		depth -= (c == '}' || c == ']') && depth > 0;
		glance->at++;
	}
	return false;
}

/* One member, to behind the comma; false when there is no other. */
static bool glance_member(struct glance *glance, struct str *source, struct str *external_id)
{
	struct str key, value, *wanted = NULL;
	bool plain;

	skip_blanks(glance);
	if (glance->at >= glance->end || *glance->at != '"' || !glance_string(glance, &key, &plain))
		return false;
	skip_blanks(glance);
	if (glance->at >= glance->end || *glance->at++ != ':')
		return false;
	skip_blanks(glance);
	if (str_is(key, "source"))
		wanted = source;
	else if (str_is(key, "external_id"))
		wanted = external_id;
	if (wanted && glance->at < glance->end && *glance->at == '"') {
		if (!glance_string(glance, &value, &plain) || !plain)
			return false;
		*wanted = value;
	}
	if (!skip_value(glance) || *glance->at != ',')
		return false;
	glance->at++;
	return true;
}

bool item_sketch(struct str json, struct str *source, struct str *external_id)
{
	struct glance glance = {json.ptr, json.ptr + json.len};

	*source = *external_id = STR_NONE;
	skip_blanks(&glance);
	if (glance.at >= glance.end || *glance.at++ != '{')
		return false;
	while (!source->ptr || !external_id->ptr) {
		if (!glance_member(&glance, source, external_id))
			break;
	}
	return source->ptr && external_id->ptr && source->len <= ITEM_MAX_NAME &&
	       external_id->len <= ITEM_MAX_NAME;
}
