/*
 * A decision table while it is read, from rules in JSON or from CSV alike.
 */
#ifndef WINNOW_CODEC_CATALOG_MODEL_TABLE_H
#define WINNOW_CODEC_CATALOG_MODEL_TABLE_H

#include "codec/catalog_model_kind.h"
#include "winnow/decision_table.h"

enum {
	TABLE_MAX_RULES = WN_CELL_HOLE - 1,
	TABLE_MAX_CSV = 4 << 20, /* bytes */
};

struct table_draft {
	struct model_draft *model;
	struct wn_outcome *outcomes;
	size_t outcome_count;
	struct wn_table_rule *rules;
	size_t *lines; /* of the CSV, by rule; NULL: the rules are JSON */
	size_t rule_count;
};

/* The form of the inputs' list. */
extern const struct input_form table_inputs;

/* Whether a feature can be an input: it has a closed list of values. */
bool table_check_input(
	struct model_draft *model, const struct feature_definition *feature, const char *place);
/* How many values an input has. */
size_t table_radix(const struct model_draft *model, size_t input);
/* The set of all values of an input that has `radix` of them. */
static inline uint64_t table_any(size_t radix)
{
	return ~UINT64_C(0) >> (64 - radix);
}
/* Room for `count` rules. */
bool table_begin_rules(struct table_draft *table, size_t count);
/* The rule's sets of values, by input; to be written before the rule is checked. */
static inline uint64_t *table_when(struct table_draft *table, size_t rule)
{
	return (uint64_t *)table->rules[rule].when;
}

/* Rules from the member "rules". */
bool table_read_rules(struct table_draft *table, const json_t *json);
/* The same member for readers. */
void table_write_rules(struct json_writer *json, const struct model_version *model);

/* Rules from the member "csv", by "columns"; inputs that the client did not list are the columns'.
 * Faults are at /csv, with the line. */
bool table_read_csv(struct table_draft *table, const json_t *json);

/* The rules as the stored body has them, a text in which a rule is a character or two for each input
 * (catalog_model_table_text.c); NULL: memory is out. */
json_t *table_text(const struct model_version *model);
/* Back from the text, the member "rules". */
bool table_read_text(struct table_draft *table, const json_t *json);

/* How many values an input of a model has that was read. */
size_t table_radix_of(const struct model_version *model, size_t input);

#endif
