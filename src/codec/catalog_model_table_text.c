/*
 * The rules of a decision table as they are stored: one text without blanks, so that a table of many
 * thousand rows stays small and is read in a moment, whatever its values are called.
 *
 * A rule is, for each input in order, one of its values as a digit, several as (digits), or * for any;
 * then the outcome as a digit. A digit is the place in the list of categories (of a boolean 0 or 1) or
 * of outcomes. The model pins the features that it reads, so a place keeps its meaning.
 */
#include "codec/catalog_model_table.h"
#include "codec/json.h"

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
enum { DIGITS = sizeof digits - 1 };

_Static_assert((int)DIGITS >= (int)WN_TABLE_MAX_VALUES, "a digit for each value");
_Static_assert((int)DIGITS >= (int)WN_TABLE_MAX_OUTCOMES, "a digit for each outcome");

/* ---- writing ---- */

static void put_set(struct buf *out, uint64_t set, size_t radix)
{
	bool several = (set & (set - 1)) != 0;

	if (set == table_any(radix)) {
		buf_putc(out, '*');
		return;
	}
	if (several)
		buf_putc(out, '(');
	for (; set; set &= set - 1)
		buf_putc(out, digits[__builtin_ctzll(set)]);
	if (several)
		buf_putc(out, ')');
}

json_t *table_text(const struct model_version *model)
{
	const struct wn_decision_table *spec = model->model.spec.table;
	struct buf text = BUF_INIT;
	json_t *tree;

	for (size_t r = 0; r < spec->rule_count; r++) {
		for (size_t i = 0; i < model->model.term_count; i++)
			put_set(&text, spec->rules[r].when[i], table_radix_of(model, i));
		buf_putc(&text, digits[spec->rules[r].outcome]);
	}
	tree = text.failed ? NULL : catalog_text(buf_view(&text));
	buf_release(&text);
	return tree;
}

/* ---- reading ---- */

/* The places of digits, 1 + each; 0 for other bytes. */
struct places {
	uint8_t of[256];
};

static struct places digit_places(void)
{
	struct places places = {{0}};

	for (size_t i = 0; i < DIGITS; i++)
		places.of[(unsigned char)digits[i]] = (uint8_t)(i + 1);
	return places;
}

/* Sets, of which (ab) is one, and outcomes. */
static size_t count_tokens(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++) {
		count++;
		if (text.ptr[i] != '(')
			continue;
		while (i < text.len && text.ptr[i] != ')')
			i++;
	}
	return count;
}

struct reader {
	struct places places;
	const char *at, *end;
};

/* A digit below `limit`. */
static bool take_digit(struct reader *reader, size_t limit, size_t *out)
{
	uint8_t place =
		reader->at < reader->end ? reader->places.of[(unsigned char)*reader->at] : 0;

	if (place == 0 || place > limit)
		return false;
	reader->at++;
	*out = place - 1u;
	return true;
}

static bool take_set(struct reader *reader, size_t radix, uint64_t *set)
{
	size_t value;

	*set = 0;
	if (reader->at < reader->end && *reader->at == '*') {
		reader->at++;
		*set = table_any(radix);
		return true;
	}
	if (reader->at == reader->end || *reader->at != '(') {
		if (take_digit(reader, radix, &value))
			*set = UINT64_C(1) << value;
		return *set != 0;
	}
	reader->at++;
	while (take_digit(reader, radix, &value))
		*set |= UINT64_C(1) << value;
	return *set != 0 && reader->at < reader->end && *reader->at++ == ')';
}

static bool take_rules(struct table_draft *table, struct reader *reader, size_t count)
{
	size_t inputs = table->model->term_count, radices[WN_TABLE_MAX_INPUTS], outcome;

	for (size_t i = 0; i < inputs; i++)
		radices[i] = table_radix(table->model, i);
	for (size_t r = 0; r < count; r++) {
		uint64_t *when = table_when(table, r);

		for (size_t i = 0; i < inputs; i++) {
			if (!take_set(reader, radices[i], &when[i]))
				return false;
		}
		if (!take_digit(reader, table->outcome_count, &outcome))
			return false;
		table->rules[r].outcome = (uint16_t)outcome;
	}
	return reader->at == reader->end;
}

bool table_read_text(struct table_draft *table, const json_t *json)
{
	const json_t *rules = json_object_get(json, "rules");
	struct str text = {json_string_value(rules), json_string_length(rules)};
	struct reader reader = {digit_places(), text.ptr, text.ptr + text.len};
	size_t tokens = count_tokens(text), count = tokens / (table->model->term_count + 1);

	if (count > 0 && count <= TABLE_MAX_RULES) {
		if (!table_begin_rules(table, count))
			return false;
		table->rule_count = count;
		if (take_rules(table, &reader, count))
			return true;
	}
	diag_add(table->model->diag, "/rules", "These are no rules of a stored table.");
	return false;
}
