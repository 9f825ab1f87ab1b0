/*
 * A model's card: what it is meant for, where its limits are, from what data, who answers for it, and which
 * risk category it is of. A document of its own, since a model is never changed and a card is written later.
 */
#include "codec/catalog_internal.h"
#include "codec/json.h"

enum { MAX_TEXT = 8192, MAX_OWNER = 255 };

const struct model_card *catalog_card(const struct catalog *catalog, int64_t model)
{
	for (size_t i = 0; i < catalog->card_count; i++) {
		if (catalog->cards[i].model == model)
			return &catalog->cards[i];
	}
	return NULL;
}

/* The words are the feature's, so that items and models speak of the same. */
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

enum error model_card_parse(const json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	static const char *const texts[] = {"intended_use", "limits", "data", NULL};
	static const char *const keys[] = {
		"risk_category", "intended_use", "limits", "data", "owner", NULL};
	struct str text, category;
	enum error err;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, "", "A card is a JSON object.");
		return ERR_INVALID;
	}
	ok = json_only_keys(json, keys, "", diag);
	ok &= json_read_text(
		json, "risk_category", 1, CATALOG_MAX_NAME, false, "", diag, arena, &category);
	ok &= json_read_text(json, "owner", 1, MAX_OWNER, true, "", diag, arena, &text);
	for (size_t i = 0; texts[i]; i++)
		ok &= json_read_text(json, texts[i], 1, MAX_TEXT, true, "", diag, arena, &text);
	ok = ok && check_category(category, catalog, diag);
	err = catalog_verdict(ok, diag);
	return err ? err : catalog_body(json_deep_copy(json), arena, body);
}

/* The body has members already; it is opened to put the version before them. */
void model_card_write(struct buf *out, const struct model_card *card)
{
	buf_printf(out, "{\"model\":%lld,\"revision\":%lld,", (long long)card->model,
		(long long)card->revision);
	buf_str(out, (struct str){card->body.ptr + 1, card->body.len - 1});
}
