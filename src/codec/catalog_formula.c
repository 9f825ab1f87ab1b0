/*
 * Weighed terms as a line of arithmetic that a reader can check by hand. Text for people: the engine
 * computes from the terms, in the same order and with the same operations.
 */
#include "base/num.h"
#include "codec/catalog_model_kind.h"

static void put_difference(struct buf *out, double from, struct str name)
{
	num_format(out, from);
	buf_puts(out, " - ");
	buf_str(out, name);
}

/* " - 1" and " + 1": what is taken away from a name. */
static void put_less(struct buf *out, struct str name, double amount)
{
	buf_str(out, name);
	if (amount == 0)
		return;
	buf_puts(out, amount < 0 ? " + " : " - ");
	num_format(out, amount < 0 ? -amount : amount);
}

/* Unit scale: the share of the span. */
static void put_share(struct buf *out, const struct wn_term *term, struct str name)
{
	bool bare = !term->lower_is_better && term->lower == 0;

	if (!bare)
		buf_putc(out, '(');
	if (term->lower_is_better)
		put_difference(out, term->upper, name);
	else
		put_less(out, name, term->lower);
	if (!bare)
		buf_putc(out, ')');
	if (term->upper - term->lower == 1)
		return;
	buf_putc(out, '/');
	num_format(out, term->upper - term->lower);
}

static void put_value(struct buf *out, const struct wn_term *term, struct str name)
{
	if (!term->lower_is_better) {
		buf_str(out, name);
		return;
	}
	buf_putc(out, '(');
	put_difference(out, term->lower + term->upper, name);
	buf_putc(out, ')');
}

void terms_formula(struct buf *out, const struct model_version *model, size_t begin, size_t count)
{
	for (size_t i = begin; i < begin + count; i++) {
		const struct wn_term *term = &model->model.terms[i];

		if (i > begin)
			buf_puts(out, " + ");
		if (term->weight != 1) {
			num_format(out, term->weight);
			buf_putc(out, '*');
		}
		if (term->scale == WN_SCALE_VALUE)
			put_value(out, term, model->term_features[i]->name);
		else
			put_share(out, term, model->term_features[i]->name);
	}
}
