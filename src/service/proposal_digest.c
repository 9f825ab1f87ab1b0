/*
 * What an approval is about, as one digest: the change, and all that decides what it would do. A proposal is
 * stale as soon as the digest over what is there now is another than the one it was made with.
 */
#include "service/proposal_parts.h"

#include <stdio.h>

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool proposal_next_word(struct str *rest, struct str *word)
{
	size_t begin = 0, end;

	while (begin < rest->len && !is_name_char(rest->ptr[begin]))
		begin++;
	end = begin;
	while (end < rest->len && is_name_char(rest->ptr[end]))
		end++;
	*word = (struct str){rest->ptr + begin, end - begin};
	*rest = (struct str){rest->ptr + end, rest->len - end};
	return word->len > 0;
}

static void add_number(struct sha256_stream *stream, int64_t number)
{
	char text[32];

	sha256_add(stream, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)number));
	sha256_add(stream, "", 1);
}

/* A new model pins the newest definitions of what it reads, and the effect is against what is active: neither
 * is in the body. Any word that is a feature's name counts, so that no kind of model is overlooked. */
static void add_surroundings(
	struct sha256_stream *stream, const struct catalog *catalog, struct str body)
{
	const struct feature_definition *feature;
	struct str word;

	add_number(stream, proposal_base(catalog, APPROVE_MODEL, STR("")));
	add_number(stream, proposal_base(catalog, APPROVE_POLICY, STR("")));
	while (proposal_next_word(&body, &word)) {
		feature = catalog_feature(catalog, word);
		if (feature)
			add_number(stream, feature->revision);
	}
}

bool proposal_digest(
	const struct proposal_row *row, const struct catalog *catalog, struct sha256 *out)
{
	const struct str parts[] = {row->change, row->name, row->body};
	enum approval_change change = approval_change_named(row->change);
	struct sha256_stream stream = {0};
	bool done = sha256_begin(&stream);

	if (done)
		sha256_add(&stream, "winnow-proposal-1", sizeof "winnow-proposal-1");
	for (size_t i = 0; done && i < sizeof parts / sizeof *parts; i++) {
		sha256_add(&stream, parts[i].ptr, parts[i].len);
		sha256_add(&stream, "", 1);
	}
	if (done)
		add_number(&stream, row->base);
	if (done && (change == APPROVE_MODEL || change == APPROVE_POLICY))
		add_surroundings(&stream, catalog, row->body);
	done = done && sha256_end(&stream, out);
	sha256_release(&stream);
	return done;
}
