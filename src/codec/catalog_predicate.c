/*
 * Predicates as JSON: {"all":[…]}, {"any":[…]}, {"not":…}, or a test with one operand and one
 * operator. A client's words become indices of columns, categories and words here, and the same
 * tables make the one written form of them again.
 */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "codec/catalog_internal.h"
#include "codec/catalog_policy.h"
#include "codec/json.h"

enum { MAX_VALUE_BYTES = 255 };

/* What an operand is compared with. */
enum value_kind {
	VALUE_NUMBER,
	VALUE_TIME,
	VALUE_BOOLEAN,
	VALUE_CATEGORY,
	VALUE_WORD,  /* free */
	VALUE_TERM,  /* of the workspace's vocabulary */
	VALUE_LABEL, /* contains */
	VALUE_NONE,  /* there or missing */
};

static const char *const value_words[] = {
	[VALUE_NUMBER] = "a number",
	[VALUE_TIME] = "a date such as 2026-11-21, or an RFC 3339 time",
	[VALUE_BOOLEAN] = "true or false",
	[VALUE_CATEGORY] = "one of the feature's categories",
	[VALUE_WORD] = "a string",
	[VALUE_TERM] = "a word of the workspace's vocabulary",
	[VALUE_LABEL] = "a label",
};

static const struct fact {
	const char *name;
	enum wn_operand_kind of;
	uint32_t index;
	enum value_kind value;
} facts[] = {
	{"stream", WN_OF_WORD, WN_STREAM, VALUE_TERM},
	{"kind", WN_OF_WORD, WN_KIND, VALUE_TERM},
	{"status", WN_OF_WORD, WN_STATUS, VALUE_TERM},
	{"team", WN_OF_WORD, WN_TEAM, VALUE_WORD},
	{"source", WN_OF_WORD, WN_SOURCE, VALUE_WORD},
	{"labels", WN_OF_LABELS, 0, VALUE_LABEL},
	{"created_at", WN_OF_NUMBER, WN_CREATED, VALUE_TIME},
	{"updated_at", WN_OF_NUMBER, WN_UPDATED, VALUE_TIME},
	{"due_at", WN_OF_NUMBER, WN_DUE, VALUE_TIME},
	{"estimate", WN_OF_NUMBER, WN_ESTIMATE, VALUE_NUMBER},
	{"sla_left_hours", WN_OF_NUMBER, WN_SLA_LEFT, VALUE_NUMBER},
	{"age_days", WN_OF_AGE_DAYS, 0, VALUE_NUMBER},
	{"days_to_due", WN_OF_DAYS_TO_DUE, 0, VALUE_NUMBER},
	{"assignee", WN_OF_TEXT, WN_ASSIGNEE_TEXT, VALUE_NONE},
	{"title", WN_OF_TEXT, WN_TITLE, VALUE_NONE},
	{"body", WN_OF_TEXT, WN_BODY, VALUE_NONE},
	{"url", WN_OF_TEXT, WN_URL, VALUE_NONE},
	{"reporter", WN_OF_TEXT, WN_REPORTER, VALUE_NONE},
};
enum { FACTS = sizeof facts / sizeof facts[0] };

static const struct operator
{
	const char *name;
	enum wn_test_op op;
}
operators[] = {
	{"eq", WN_EQ},
	{"ne", WN_NE},
	{"lt", WN_LT},
	{"le", WN_LE},
	{"gt", WN_GT},
	{"ge", WN_GE},
	{"in", WN_IN},
	{"contains", WN_CONTAINS},
	{"missing", WN_MISSING},
	{"present", WN_PRESENT},
};
enum { OPERATORS = sizeof operators / sizeof operators[0] };

static const char *const groups[] = {[WN_ALL] = "all", [WN_ANY] = "any", [WN_NOT] = "not"};
static const char *const operands[] = {"feature", "fact", "days_to"};
enum { GROUPS = 3, OPERANDS = 3 };

void predicate_words_release(struct predicate_words *words)
{
	str_map_release(&words->places);
}

/* 1 + the word's index; 0 when memory is out. The word is in the arena. */
static uint32_t word_symbol(struct predicate_reader *reader, struct str word)
{
	struct predicate_words *words = &reader->words;
	uint32_t place = str_map_get(&words->places, word);

	if (place != MAP_NONE)
		return place + 1;
	if (words->count == words->room) {
		size_t room = words->room ? 2 * words->room : 16;
		struct str *grown = arena_array(reader->arena, room, sizeof *grown);

		if (!grown)
			return 0;
		if (words->count > 0)
			memcpy(grown, words->list, words->count * sizeof *grown);
		words->list = grown;
		words->room = room;
	}
	if (!str_map_put(&words->places, word, (uint32_t)words->count))
		return 0;
	words->list[words->count++] = word;
	return (uint32_t)words->count;
}

/* ---- operands ---- */

/* The definition that has the name, a deleted one too. */
static const struct feature_definition *feature_of(
	const struct predicate_reader *reader, struct str name)
{
	uint32_t id = str_map_get(&reader->catalog->feature_ids, name);

	return id == MAP_NONE ? NULL : &reader->catalog->features[id];
}

static const struct feature_definition *read_feature(
	struct predicate_reader *reader, const json_t *json, const char *key, const char *pointer)
{
	const char *place = diag_key(reader->diag, pointer, key);
	const struct feature_definition *feature;
	struct str name;

	if (!json_read_text(json, key, 1, CATALOG_MAX_NAME, true, pointer, reader->diag,
		    reader->arena, &name))
		return NULL;
	feature = feature_of(reader, name);
	if (!feature || (feature->deleted && !reader->stored)) {
		diag_add(reader->diag, place,
			"There is no feature \"%.*s\" in this workspace's catalogue.",
			STR_ARG(name));
		return NULL;
	}
	if (reader->open && feature->sensitive && !reader->stored) {
		diag_add(reader->diag, place,
			"A sensitive feature has no place here: what follows from it is shown to "
			"every reader.");
		return NULL;
	}
	return feature;
}

static enum value_kind feature_value_kind(enum feature_type type)
{
	switch (type) {
	case FEATURE_NUMBER: return VALUE_NUMBER;
	case FEATURE_BOOLEAN: return VALUE_BOOLEAN;
	case FEATURE_CATEGORY: return VALUE_CATEGORY;
	case FEATURE_DATE: return VALUE_TIME;
	case FEATURE_TEXT: break;
	}
	return VALUE_NONE;
}

/* What a test looks at. */
struct operand {
	const char *name; /* of the fact; the feature's is in its definition */
	const struct feature_definition *feature;
	enum value_kind value;
};

static bool read_fact(struct predicate_reader *reader, const json_t *json, const char *pointer,
	struct operand *out, struct wn_test *test)
{
	const char *name = json_string_value(json_object_get(json, "fact"));

	for (size_t i = 0; name && i < FACTS; i++) {
		if (strcmp(facts[i].name, name) != 0)
			continue;
		*out = (struct operand){.name = facts[i].name, .value = facts[i].value};
		test->of = facts[i].of;
		test->index = facts[i].index;
		return true;
	}
	diag_add(reader->diag, diag_key(reader->diag, pointer, "fact"),
		"There is no such fact. Facts are stream, kind, status, team, source, labels, "
		"created_at, updated_at, due_at, estimate, age_days, days_to_due, sla_left_hours, "
		"and, as present or missing, assignee, title, body, url, reporter.");
	return false;
}

static bool read_operand(struct predicate_reader *reader, const json_t *json, const char *pointer,
	struct operand *out, struct wn_test *test)
{
	bool days_to = json_object_get(json, "days_to") != NULL;
	const char *key = days_to ? "days_to" : "feature";

	if (json_object_get(json, "fact"))
		return read_fact(reader, json, pointer, out, test);
	out->feature = read_feature(reader, json, key, pointer);
	if (!out->feature)
		return false;
	if (days_to && out->feature->type != FEATURE_DATE) {
		diag_add(reader->diag, diag_key(reader->diag, pointer, key),
			"Only a date has days to it; \"%.*s\" is none.",
			STR_ARG(out->feature->name));
		return false;
	}
	test->of = days_to ? WN_OF_DAYS_TO : WN_OF_FEATURE;
	test->index = out->feature->id;
	out->value = days_to ? VALUE_NUMBER : feature_value_kind(out->feature->type);
	return true;
}

/* ---- values ---- */

static bool time_value(struct str text, double *out)
{
	char with_time[32];
	int64_t us;

	if (text.len == strlen("2026-11-21")) {
		snprintf(with_time, sizeof with_time, "%.*sT00:00:00Z", STR_ARG(text));
		text = str_from(with_time);
	}
	if (!time_parse_rfc3339(text, &us))
		return false;
	*out = (double)us / US_PER_S;
	return true;
}

static bool category_value(const struct feature_definition *feature, struct str text, double *out)
{
	for (size_t i = 0; i < feature->category_count; i++) {
		if (str_eq(feature->categories[i], text)) {
			*out = (double)i;
			return true;
		}
	}
	return false;
}

static bool number_value(const struct operand *operand, const json_t *json, double *out)
{
	struct str text = {json_string_value(json), json_string_length(json)};

	switch (operand->value) {
	case VALUE_NUMBER:
		*out = json_number_value(json) + 0.0;
		return json_is_number(json) && isfinite(*out);
	case VALUE_BOOLEAN: *out = json_is_true(json); return json_is_boolean(json);
	case VALUE_TIME: return text.ptr && time_value(text, out);
	default: return text.ptr && category_value(operand->feature, text, out);
	}
}

static bool in_vocabulary(
	const struct catalog *catalog, const struct operand *operand, struct str word)
{
	if (strcmp(operand->name, "stream") == 0)
		return catalog_stream(catalog, word) >= 0;
	if (strcmp(operand->name, "kind") == 0)
		return catalog_kind(catalog, word) >= 0;
	return catalog_status(catalog, word) != NULL;
}

/* Of a value; its pointer is made only when there is a fault, since a list may have a thousand. */
struct value_place {
	const char *pointer; /* of the list, when it is in one */
	size_t index;        /* SIZE_MAX: it is in none */
};

static const char *pointer_of(struct predicate_reader *reader, struct value_place place)
{
	return place.index == SIZE_MAX ? place.pointer
				       : diag_index(reader->diag, place.pointer, place.index);
}

/* A word that the workspace has not is a slip of the pen, which would never hit. */
static bool read_word(struct predicate_reader *reader, const struct operand *operand,
	const json_t *json, struct value_place place, uint32_t *out)
{
	struct str text = {json_string_value(json), json_string_length(json)};
	char *copy;

	if (!text.ptr || text.len == 0 || text.len > MAX_VALUE_BYTES ||
		memchr(text.ptr, '\0', text.len)) {
		diag_add(reader->diag, pointer_of(reader, place),
			"Must be %s of 1 to %d bytes, not %s.", value_words[operand->value],
			(int)MAX_VALUE_BYTES, text.ptr ? "this" : json_type_word(json));
		return false;
	}
	if (operand->value == VALUE_TERM && !reader->stored &&
		!in_vocabulary(reader->catalog, operand, text)) {
		struct str shown = json_brief(text);

		diag_add(reader->diag, pointer_of(reader, place),
			"This workspace has no %s \"%.*s\".", operand->name, STR_ARG(shown));
		return false;
	}
	copy = arena_strdup(reader->arena, text);
	*out = copy ? word_symbol(reader, (struct str){copy, text.len}) : 0;
	return *out != 0;
}

static bool is_word(enum value_kind value)
{
	return value == VALUE_WORD || value == VALUE_TERM || value == VALUE_LABEL;
}

static bool read_value(struct predicate_reader *reader, const struct operand *operand,
	const json_t *json, struct value_place place, double *number, uint32_t *symbol)
{
	if (is_word(operand->value))
		return read_word(reader, operand, json, place, symbol);
	if (number_value(operand, json, number))
		return true;
	diag_add(reader->diag, pointer_of(reader, place), "Must be %s, not %s.",
		value_words[operand->value], json_is_string(json) ? "this" : json_type_word(json));
	return false;
}

/* One value, or a list of them where the operator takes one. */
static bool read_values(struct predicate_reader *reader, const struct operand *operand,
	const json_t *json, const char *place, struct wn_test *test)
{
	bool list = test->op == WN_IN || (test->op == WN_CONTAINS && json_is_array(json));
	size_t count = list ? json_array_size(json) : 1;
	double *numbers;
	uint32_t *symbols;
	bool ok = true;

	if (list && (!json_is_array(json) || count == 0 || count > WN_PREDICATE_MAX_LIST)) {
		diag_add(reader->diag, place, "Must be a list of 1 to %d values.",
			(int)WN_PREDICATE_MAX_LIST);
		return false;
	}
	numbers = arena_array(reader->arena, count, sizeof *numbers);
	symbols = arena_array(reader->arena, count, sizeof *symbols);
	if (!numbers || !symbols)
		return false;
	for (size_t i = 0; i < count; i++)
		ok &= read_value(reader, operand, list ? json_array_get(json, i) : json,
			(struct value_place){place, list ? i : SIZE_MAX}, &numbers[i], &symbols[i]);
	test->numbers = is_word(operand->value) ? NULL : numbers;
	test->symbols = is_word(operand->value) ? symbols : NULL;
	test->count = count;
	return ok;
}

/* ---- tests ---- */

/* Why the operator cannot be asked of such a value; NULL when it can. */
static const char *misfit(enum value_kind value, enum wn_test_op op)
{
	if (op == WN_MISSING || op == WN_PRESENT)
		return NULL;
	if (value == VALUE_NONE)
		return "Of text it is only seen whether it is there: use missing or present.";
	if (value == VALUE_LABEL && op != WN_CONTAINS)
		return "Labels are asked by contains, missing or present.";
	if (value != VALUE_LABEL && op == WN_CONTAINS)
		return "Only labels contain something; use eq or in.";
	if (value == VALUE_BOOLEAN && op != WN_EQ && op != WN_NE)
		return "True and false are compared by eq and ne.";
	if ((value == VALUE_WORD || value == VALUE_TERM) && op != WN_EQ && op != WN_NE &&
		op != WN_IN)
		return "Words have no order: use eq, ne or in.";
	return NULL;
}

static bool read_operator(struct predicate_reader *reader, const json_t *json, const char *pointer,
	const struct operand *operand, struct wn_test *test)
{
	const struct operator* found = NULL;
	const char *place, *why;
	size_t count = 0;

	for (size_t i = 0; i < OPERATORS; i++) {
		if (!json_object_get(json, operators[i].name))
			continue;
		found = &operators[i];
		count++;
	}
	if (count != 1) {
		diag_add(reader->diag, pointer,
			"A test has one operator: eq, ne, lt, le, gt, ge, in, contains, missing or "
			"present.");
		return false;
	}
	/* Without its operand an operator cannot be judged. */
	if (!operand)
		return false;
	test->op = found->op;
	place = diag_key(reader->diag, pointer, found->name);
	why = misfit(operand->value, test->op);
	if (why) {
		diag_add(reader->diag, place, "%s", why);
		return false;
	}
	json = json_object_get(json, found->name);
	if (test->op != WN_MISSING && test->op != WN_PRESENT)
		return read_values(reader, operand, json, place, test);
	if (json_is_true(json))
		return true;
	diag_add(reader->diag, place, "This is true or left out; the opposite of %s is %s.",
		found->name, test->op == WN_MISSING ? "present" : "missing");
	return false;
}

static bool read_test(struct predicate_reader *reader, const json_t *json, const char *pointer,
	struct wn_test *test)
{
	static const char *const keys[] = {"feature", "fact", "days_to", "eq", "ne", "lt", "le",
		"gt", "ge", "in", "contains", "missing", "present", NULL};
	struct operand operand = {0};
	size_t count = 0;
	bool known, ok;

	ok = json_only_keys(json, keys, pointer, reader->diag);
	for (size_t i = 0; i < OPERANDS; i++)
		count += json_object_get(json, operands[i]) != NULL;
	if (count != 1) {
		diag_add(reader->diag, pointer,
			"A predicate is all, any or not, or a test of one of feature, fact and "
			"days_to.");
		return false;
	}
	known = read_operand(reader, json, pointer, &operand, test);
	ok &= known;
	ok &= read_operator(reader, json, pointer, known ? &operand : NULL, test);
	return ok;
}

static bool read_node(
	struct predicate_reader *reader, const json_t *json, const char *pointer, unsigned depth);

static bool read_group(struct predicate_reader *reader, const json_t *json, const char *pointer,
	unsigned depth, struct wn_test *test)
{
	const char *keys[] = {groups[test->op], NULL};
	const json_t *value = json_object_get(json, groups[test->op]);
	const char *place = diag_key(reader->diag, pointer, groups[test->op]);
	bool ok = json_only_keys(json, keys, pointer, reader->diag);

	if (test->op == WN_NOT) {
		test->children = 1;
		ok &= read_node(reader, value, place, depth + 1);
		return ok;
	}
	if (!json_is_array(value) || (test->op == WN_ANY && json_array_size(value) == 0)) {
		diag_add(reader->diag, place,
			test->op == WN_ANY
				? "Must be a list of predicates, at least one: any of none never "
				  "is."
				: "Must be a list of predicates; an empty one is every item.");
		return false;
	}
	test->children = (uint32_t)json_array_size(value);
	for (size_t i = 0; i < json_array_size(value) && !reader->full; i++)
		ok &= read_node(reader, json_array_get(value, i),
			diag_index(reader->diag, place, i), depth + 1);
	return ok;
}

static bool read_node(
	struct predicate_reader *reader, const json_t *json, const char *pointer, unsigned depth)
{
	struct wn_test *test;
	size_t first = reader->count;
	bool ok = false;

	if (depth > WN_PREDICATE_MAX_DEPTH) {
		diag_add(reader->diag, pointer, "A predicate is at most %d levels deep.",
			(int)WN_PREDICATE_MAX_DEPTH);
		return false;
	}
	if (first == WN_PREDICATE_MAX_TESTS) {
		diag_add(reader->diag, pointer, "A predicate has at most %d tests.",
			(int)WN_PREDICATE_MAX_TESTS);
		reader->full = true;
		return false;
	}
	if (!json_is_object(json)) {
		diag_add(reader->diag, pointer, "A predicate is an object, not %s.",
			json_type_word(json));
		return false;
	}
	test = &reader->tests[reader->count++];
	*test = (struct wn_test){.op = WN_EQ};
	for (unsigned i = 0; i < GROUPS; i++) {
		if (!json_object_get(json, groups[i]))
			continue;
		test->op = (enum wn_test_op)i;
		ok = read_group(reader, json, pointer, depth, test);
		test->size = (uint32_t)(reader->count - first);
		return ok;
	}
	test->size = 1;
	return read_test(reader, json, pointer, test);
}

bool predicate_read(struct predicate_reader *reader, const json_t *json, const char *pointer,
	const struct wn_test **tests, size_t *count)
{
	struct wn_test *copy;

	reader->count = 0;
	reader->full = false;
	*tests = NULL;
	*count = 0;
	if (!read_node(reader, json, pointer, 1))
		return false;
	copy = arena_array(reader->arena, reader->count, sizeof *copy);
	if (!copy)
		return false;
	memcpy(copy, reader->tests, reader->count * sizeof *copy);
	*tests = copy;
	*count = reader->count;
	return true;
}

/* ---- the written form ---- */

static json_t *time_tree(double seconds)
{
	char text[32];

	return json_string(time_to_text(llround(seconds * US_PER_S), text));
}

static json_t *value_tree(const struct catalog *catalog, const struct str *words,
	const struct wn_test *test, size_t i)
{
	const struct feature_definition *feature;

	if (test->symbols)
		return catalog_text(words[test->symbols[i] - 1]);
	if (test->of == WN_OF_NUMBER && test->index != WN_ESTIMATE && test->index != WN_SLA_LEFT)
		return time_tree(test->numbers[i]);
	if (test->of != WN_OF_FEATURE)
		return json_real(test->numbers[i]);
	feature = &catalog->features[test->index];
	switch (feature->type) {
	case FEATURE_BOOLEAN: return json_boolean(test->numbers[i] != 0);
	case FEATURE_CATEGORY: return catalog_text(feature->categories[(size_t)test->numbers[i]]);
	case FEATURE_DATE: return time_tree(test->numbers[i]);
	default: return json_real(test->numbers[i]);
	}
}

static json_t *values_tree(
	const struct catalog *catalog, const struct str *words, const struct wn_test *test)
{
	json_t *list;

	if (test->op == WN_MISSING || test->op == WN_PRESENT)
		return json_true();
	if (test->op != WN_IN && test->count == 1)
		return value_tree(catalog, words, test, 0);
	list = json_array();
	for (size_t i = 0; list && i < test->count; i++) {
		if (json_array_append_new(list, value_tree(catalog, words, test, i)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static int set_operand(json_t *tree, const struct catalog *catalog, const struct wn_test *test)
{
	const char *key = test->of == WN_OF_DAYS_TO ? "days_to" : "feature";

	for (size_t i = 0; i < FACTS; i++) {
		if (facts[i].of == test->of && facts[i].index == test->index)
			return json_object_set_new(tree, "fact", json_string(facts[i].name));
	}
	return json_object_set_new(tree, key, catalog_text(catalog->features[test->index].name));
}

static json_t *test_tree(
	const struct catalog *catalog, const struct str *words, const struct wn_test *test)
{
	json_t *tree = json_object();
	size_t i = 0;

	while (operators[i].op != test->op)
		i++;
	if (tree && set_operand(tree, catalog, test) == 0 &&
		json_object_set_new(tree, operators[i].name, values_tree(catalog, words, test)) ==
			0)
		return tree;
	json_decref(tree);
	return NULL;
}

static json_t *children_tree(
	const struct catalog *catalog, const struct str *words, const struct wn_test *test)
{
	const struct wn_test *child = test + 1;
	json_t *list;

	if (test->op == WN_NOT)
		return predicate_tree(catalog, words, child);
	list = json_array();
	for (uint32_t i = 0; list && i < test->children; i++, child += child->size) {
		if (json_array_append_new(list, predicate_tree(catalog, words, child)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *predicate_tree(
	const struct catalog *catalog, const struct str *words, const struct wn_test *test)
{
	json_t *tree;

	if (test->op != WN_ALL && test->op != WN_ANY && test->op != WN_NOT)
		return test_tree(catalog, words, test);
	tree = json_object();
	if (tree && json_object_set_new(
			    tree, groups[test->op], children_tree(catalog, words, test)) == 0)
		return tree;
	json_decref(tree);
	return NULL;
}
