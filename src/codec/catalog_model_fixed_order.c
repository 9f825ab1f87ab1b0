/*
 * Fixed orders: what ranks while a model is suspended. Written by the server alone; "items" of the stored
 * body is the items' ids from the first place on, 32 hexadecimal digits each.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/catalog_model_kind.h"
#include "codec/json.h"

enum { ID_DIGITS = 32 };

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_id(const char *text, unsigned char out[16])
{
	for (size_t i = 0; i < 16; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static int by_id(const void *a, const void *b, void *ids)
{
	const unsigned char(*id)[16] = ids;

	return memcmp(id[*(const uint32_t *)a - 1], id[*(const uint32_t *)b - 1], sizeof *id);
}

/* From the ids by place to the places by id. */
static bool sort_places(struct model_draft *draft, unsigned char (*by_place)[16], size_t count,
	struct wn_fixed_order *out)
{
	uint32_t *place = arena_array(draft->arena, count, sizeof *place);
	unsigned char(*id)[16] = arena_array(draft->arena, count, sizeof *id);

	if (!place || !id)
		return false;
	for (size_t i = 0; i < count; i++)
		place[i] = (uint32_t)i + 1;
	if (count > 1)
		qsort_r(place, count, sizeof *place, by_id, by_place);
	for (size_t i = 0; i < count; i++)
		memcpy(id[i], by_place[place[i] - 1], sizeof *id);
	*out = (struct wn_fixed_order){(const unsigned char(*)[16])id, place, count};
	return true;
}

static bool read_items(struct model_draft *draft, const json_t *json, struct wn_fixed_order *out)
{
	const json_t *items = json_object_get(json, "items");
	const char *text = json_string_value(items);
	size_t count = json_string_length(items) / ID_DIGITS;
	unsigned char(*by_place)[16] = arena_array(draft->arena, count, sizeof *by_place);
	bool good = text && json_string_length(items) % ID_DIGITS == 0 && count < UINT32_MAX;

	if (!by_place)
		return false;
	for (size_t i = 0; good && i < count; i++)
		good = read_id(text + i * ID_DIGITS, by_place[i]);
	if (!good) {
		diag_add(draft->diag, "/items", "This must be ids of 32 hexadecimal digits each.");
		return false;
	}
	return sort_places(draft, by_place, count, out);
}

static bool read_fixed(struct model_draft *draft, const json_t *json)
{
	struct wn_fixed_order *spec = arena_alloc(draft->arena, sizeof *spec);

	if (!spec)
		return false;
	/* Only a stored body has pins. */
	if (!draft->lookup->pins) {
		diag_add(draft->diag, "/kind",
			"A fixed order is what a suspension ranks by; it is not posted.");
		draft->kind_bad = true;
		return false;
	}
	draft->spec = spec;
	return read_items(draft, json, spec);
}

static int tree_fixed(const struct model_version *model, json_t *tree)
{
	const struct wn_fixed_order *fixed = model->model.spec.fixed;
	char *text = malloc(fixed->count * ID_DIGITS + 1);
	int failed;

	if (!text)
		return -1;
	for (size_t i = 0; i < fixed->count; i++) {
		char *at = text + (size_t)(fixed->place[i] - 1) * ID_DIGITS;

		for (size_t k = 0; k < 16; k++) {
			at[2 * k] = "0123456789abcdef"[fixed->id[i][k] >> 4];
			at[2 * k + 1] = "0123456789abcdef"[fixed->id[i][k] & 15];
		}
	}
	failed = json_object_set_new(tree, "items", json_stringn(text, fixed->count * ID_DIGITS));
	free(text);
	return failed;
}

static void write_fixed(struct json_writer *json, const struct model_version *model)
{
	json_put(json, "item_count", int, (int64_t)model->model.spec.fixed->count);
}

static void formula_fixed(struct buf *out, const struct model_version *model)
{
	size_t count = model->model.spec.fixed->count;

	if (count == 0)
		buf_puts(out, "no score: policy and overrides, then who was first");
	else
		buf_printf(out, "the places of %zu items in a kept order", count);
}

static const char *const keys[] = {"items", NULL};
const struct model_form model_form_fixed_order = {
	.name = "fixed_order",
	.keys = keys,
	.read = read_fixed,
	.tree = tree_fixed,
	.write = write_fixed,
	.formula = formula_fixed,
};
