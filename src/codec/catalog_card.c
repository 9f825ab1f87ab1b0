/*
 * The card of a version of a model or a policy: what it is meant for, where its limits are, who answers for it, which
 * risk category it is of, and a model's from what data it comes. A document of its own, since a version is never
 * changed and a card is written later.
 */
#include <string.h>

#include "codec/catalog_internal.h"
#include "codec/json.h"

enum { MAX_TEXT = 8192, MAX_OWNER = 255 };

const struct version_card *catalog_card(
	const struct catalog *catalog, enum card_kind kind, int64_t version)
{
	const struct version_cards *cards = &catalog->cards[kind];

	for (size_t i = 0; i < cards->count; i++) {
		if (cards->items[i].version == version)
			return &cards->items[i];
	}
	return NULL;
}

/* The words are the feature's, so that items and cards speak of the same. */
static bool check_category(struct str category, const struct catalog *catalog, struct diag *diag)
{
	const struct feature_definition *feature =
		catalog_live_feature(catalog, STR(RISK_CATEGORY_FEATURE));

	if (!category.ptr)
		return true;
	for (size_t i = 0; feature && i < feature->category_count; i++) {
		if (str_eq(feature->categories[i], category))
			return true;
	}
	diag_add(diag, "/risk_category",
		"It is not among the categories of the feature " RISK_CATEGORY_FEATURE ".");
	return false;
}

enum error version_card_parse(const json_t *json, enum card_kind kind,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	/* What all have, then what a model has besides: rules come from no data. */
	static const char *const all_keys[][6] = {
		[CARD_MODEL] = {"risk_category", "intended_use", "limits", "owner", "data", NULL},
		[CARD_POLICY] = {"risk_category", "intended_use", "limits", "owner", NULL},
	};
	const char *const *keys = all_keys[kind];
	struct str text, category;
	enum error err;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, "", "A card is a JSON object.");
		return ERR_INVALID;
	}
	ok = json_only_keys(json, keys, "", diag);
	ok &= json_read_text(json, keys[0], 1, CATALOG_MAX_NAME, false, "", diag, arena, &category);
	for (size_t i = 1; keys[i]; i++) {
		bool owner = strcmp(keys[i], "owner") == 0;

		ok &= json_read_text(json, keys[i], 1, owner ? MAX_OWNER : MAX_TEXT, true, "", diag,
			arena, &text);
	}
	ok = ok && check_category(category, catalog, diag);
	err = catalog_verdict(ok, diag);
	return err ? err : catalog_body(json_deep_copy(json), arena, body);
}

/* The body has members already; it is opened to put the version before them. */
void version_card_write(struct buf *out, enum card_kind kind, const struct version_card *card)
{
	buf_printf(out, "{\"%s\":%lld,\"revision\":%lld,", kind == CARD_MODEL ? "model" : "policy",
		(long long)card->version, (long long)card->revision);
	buf_str(out, (struct str){card->body.ptr + 1, card->body.len - 1});
}
