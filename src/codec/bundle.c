/*
 * Bundles, written by the daemon and read by anybody: the offline client computes the same ranking
 * from one as the daemon did from its picture.
 */
#include "codec/bundle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/catalog_internal.h"
#include "codec/json.h"
#include "codec/json_writer.h"
#include "winnow/version.h"

enum { KEPT_BYTES_MAX = 1 << 30, LINE_ARENA_BYTES = 256 << 20, DOCUMENTS_MAX = 1 << 20 };

static const char *const word_keys[WN_WORDS] = {
	[WN_STREAM] = "stream",
	[WN_KIND] = "kind",
	[WN_STATUS] = "status",
	[WN_TEAM] = "team",
	[WN_SOURCE] = "source",
	[WN_ASSIGNEE] = "assignee",
};
/* Times are seconds since 1970, as the engine takes them. */
static const char *const number_keys[WN_STRENGTH] = {
	[WN_CREATED] = "created_s",
	[WN_UPDATED] = "updated_s",
	[WN_DUE] = "due_s",
	[WN_ESTIMATE] = "estimate",
	[WN_SLA_LEFT] = "sla_left_hours",
};

/* ---- writing ---- */

/* So that it reads back as the same double. */
static void put_number(struct json_writer *json, double value)
{
	json_raw(json, STR(""));
	if (value == 0 && signbit(value))
		buf_puts(json->out, "-0.0");
	else
		json_canonical_number(json->out, value);
}

static void line_begin(struct json_writer *json, struct buf *out, const char *kind)
{
	json_writer_init(json, out);
	json_object_begin(json);
	json_key(json, kind);
	json_object_begin(json);
}

static void line_end(struct json_writer *json)
{
	json_object_end(json);
	json_object_end(json);
	buf_putc(json->out, '\n');
}

void bundle_write_header(struct buf *out, const struct bundle_header *header)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "schema", text, BUNDLE_SCHEMA);
	json_put(&json, "workspace", uuid, &header->workspace);
	json_put(&json, "ranking", text, header->ranking);
	json_put(&json, "revision", int, header->receipt.revision);
	json_put(&json, "as_of", time, header->receipt.as_of_us);
	json_put(&json, "engine", text, WINNOW_VERSION);
	json_key(&json, "receipt");
	json_raw(&json, STR(""));
	receipt_write(out, &header->receipt);
	json_put(&json, "documents", int, header->documents);
	json_put(&json, "items", int, header->items);
	json_put(&json, "overrides", int, header->overrides);
	json_put(&json, "comparisons", int, header->comparisons);
	json_object_end(&json);
	buf_putc(out, '\n');
}

/* The body of a sensitive definition: that there is a column, since columns have no holes. */
static void write_placeholder(struct json_writer *json, int64_t id)
{
	json_key(json, "body");
	json_object_begin(json);
	json_put(json, "description", text, "Not for every reader of a bundle.");
	json_put(json, "family", text, "business_value");
	json_put(json, "id", int, id);
	json_put(json, "sensitive", bool, true);
	json_put(json, "type", text, "text");
	json_object_end(json);
}

/* What a bundle does not say of a document. */
struct hidden {
	int64_t column;
	bool all;
};

/* Who may not see a feature gets no bundle in which a model or a rule reads it, so a placeholder need
 * not keep anything that they pin. */
static bool find_hidden(
	const struct document *document, const struct catalog *now, struct hidden *out)
{
	const struct feature_definition *feature = catalog_feature(now, document->name);
	struct feature_definition version;
	struct arena arena;
	struct diag diag;
	json_t *json = NULL;
	bool good;

	arena_init(&arena, LINE_ARENA_BYTES);
	diag_init(&diag, &arena);
	good = feature && json_parse(document->body, 1, "", &diag, &json) == ERR_OK &&
	       feature_definition_read(json, &arena, &diag, &version, &out->column);
	json_decref(json);
	arena_release(&arena);
	if (!good)
		return false;
	out->all = feature->sensitive;
	return true;
}

void bundle_write_document(
	struct buf *out, const struct document *document, const struct catalog *now)
{
	struct hidden hidden = {.column = 0};
	struct json_writer json;
	char name[32];

	if (now && str_is(document->kind, "feature") && !find_hidden(document, now, &hidden)) {
		out->failed = true;
		return;
	}
	/* A blank is in no feature's own name. */
	snprintf(name, sizeof name, "hidden %lld", (long long)hidden.column);
	line_begin(&json, out, "document");
	json_put(&json, "kind", str, document->kind);
	json_put(&json, "name", str, hidden.all ? str_from(name) : document->name);
	json_put(&json, "revision", int, document->revision);
	if (hidden.all)
		write_placeholder(&json, hidden.column);
	else if (document->body.len > 0)
		json_put(&json, "body", raw, document->body);
	line_end(&json);
}

static void write_values(struct json_writer *json, const struct population_item *item,
	const struct catalog *catalog, const bool *read)
{
	json_key(json, "features");
	json_object_begin(json);
	for (size_t i = 0; i < item->value_count; i++) {
		if (!read[item->values[i].column])
			continue;
		json_key_str(json, catalog->features[item->values[i].column].name);
		put_number(json, item->values[i].number);
	}
	json_object_end(json);
	json_key(json, "evidence");
	json_object_begin(json);
	for (size_t i = 0; i < item->value_count; i++) {
		if (!read[item->values[i].column] || item->values[i].evidence == WN_UNSAID)
			continue;
		json_key_str(json, catalog->features[item->values[i].column].name);
		json_int(json, item->values[i].evidence);
	}
	json_object_end(json);
}

void bundle_write_item(struct buf *out, const struct population_item *item, struct str external_id,
	const struct catalog *catalog, const bool *read)
{
	struct json_writer json;

	line_begin(&json, out, "item");
	json_put(&json, "id", uuid, &item->id);
	json_put(&json, "external_id", str, external_id);
	json_put(&json, "first_revision", int, item->first_revision);
	for (int i = 0; i < WN_WORDS; i++) {
		if (item->words[i].ptr)
			json_put(&json, word_keys[i], str, item->words[i]);
	}
	for (int i = 0; i < WN_STRENGTH; i++) {
		if (isnan(item->numbers[i]))
			continue;
		json_key(&json, number_keys[i]);
		put_number(&json, item->numbers[i]);
	}
	json_put(&json, "texts", int, item->texts);
	json_key(&json, "labels");
	json_array_begin(&json);
	for (size_t i = 0; i < item->label_count; i++)
		json_str(&json, item->labels[i]);
	json_array_end(&json);
	write_values(&json, item, catalog, read);
	json_key(&json, "blocked_by");
	json_array_begin(&json);
	for (size_t i = 0; i < item->blocked_by_count; i++)
		json_uuid(&json, &item->blocked_by[i]);
	json_array_end(&json);
	line_end(&json);
}

void bundle_write_override(struct buf *out, const struct population_override *override)
{
	struct json_writer json;

	line_begin(&json, out, "override");
	json_put(&json, "id", uuid, &override->id);
	json_put(&json, "revision", int, override->revision);
	json_put(&json, "item", uuid, &override->item);
	json_put(&json, "kind", str, override->kind);
	if (str_is(override->kind, "pin"))
		json_put(&json, "rank", int, override->rank);
	if (str_is(override->kind, "boost")) {
		json_key(&json, "delta");
		put_number(&json, override->delta);
	}
	if (str_is(override->kind, "band"))
		json_put(&json, "band", str, override->band);
	if (str_is(override->kind, "before"))
		json_put(&json, "before", uuid, &override->target);
	json_put(&json, "expires_at", time, override->expires_us);
	if (override->ended_revision > 0)
		json_put(&json, "ended_revision", int, override->ended_revision);
	line_end(&json);
}

void bundle_write_comparison(
	struct buf *out, const struct uuid *before, const struct uuid *after, bool derived)
{
	struct json_writer json;

	line_begin(&json, out, "comparison");
	json_put(&json, "before", uuid, before);
	json_put(&json, "after", uuid, after);
	if (derived)
		json_put(&json, "derived", bool, true);
	line_end(&json);
}

/* ---- what is in it ---- */

bool bundle_has_document(struct str kind)
{
	return !str_is(kind, "mapping") && !str_is(kind, "slas") &&
	       !str_is(kind, "business_hours") && !str_is(kind, "approval_rules") &&
	       !str_is(kind, "model_card") && !str_is(kind, "policy_card");
}

static bool mark_column(void *self, uint32_t column)
{
	((bool *)self)[column] = true;
	return true;
}

void bundle_columns(
	const struct model_version *model, const struct policy_version *policy, bool *read)
{
	model_columns(model, mark_column, read);
	if (policy)
		policy_columns(policy, mark_column, read);
}

/* ---- reading ---- */

/* In the order in which they come. */
enum line_kind {
	LINE_HEADER,
	LINE_DOCUMENT,
	LINE_ITEM,
	LINE_OVERRIDE,
	LINE_COMPARISON,
	LINE_KINDS
};

struct bundle {
	struct arena kept; /* documents, overrides, the bound model and policy */
	struct arena line; /* of one line */
	struct bundle_header header;
	enum line_kind at; /* the kind of the last line */
	int64_t counts[LINE_KINDS];
	struct document *documents; /* as many as the header says */
	struct population_override *overrides;
	size_t override_room;
	struct catalog *catalog;
	struct population *population;
	struct wn_model model;
	struct wn_policy policy;
	struct wn_decision decision;
	struct bundle_result result;
};

struct bundle *bundle_new(void)
{
	struct bundle *bundle = calloc(1, sizeof *bundle);

	if (!bundle)
		return NULL;
	arena_init(&bundle->kept, KEPT_BYTES_MAX);
	arena_init(&bundle->line, LINE_ARENA_BYTES);
	return bundle;
}

void bundle_free(struct bundle *bundle)
{
	if (!bundle)
		return;
	wn_decision_release(&bundle->decision);
	population_free(bundle->population);
	catalog_unref(bundle->catalog);
	free(bundle->documents);
	free(bundle->overrides);
	arena_release(&bundle->line);
	arena_release(&bundle->kept);
	free(bundle);
}

/* The object that a line holds, with where its faults go. */
struct line {
	const json_t *json;
	const char *pointer;
	struct arena *arena;
	struct diag *diag;
};

static bool fault(const struct line *line, const char *key, const char *text)
{
	diag_add(line->diag, diag_key(line->diag, line->pointer, key), "%s", text);
	return false;
}

static bool read_text(const struct line *line, const char *key, bool required, struct str *out)
{
	return json_read_text(line->json, key, 0, SIZE_MAX, required, line->pointer, line->diag,
		line->arena, out);
}

static bool read_int(const struct line *line, const char *key, int64_t min, int64_t *out)
{
	return json_read_int(
		line->json, key, min, INT64_MAX, true, 0, line->pointer, line->diag, out);
}

static bool uuid_value(
	const struct line *line, const char *key, const json_t *value, struct uuid *out)
{
	struct str text = {json_string_value(value), json_string_length(value)};

	if (text.ptr && uuid_from_text(text, out))
		return true;
	return fault(line, key, "Must be a UUID.");
}

static bool read_uuid(const struct line *line, const char *key, struct uuid *out)
{
	return uuid_value(line, key, json_object_get(line->json, key), out);
}

static bool read_counts(const struct line *line, struct bundle_header *header)
{
	return read_int(line, "documents", 0, &header->documents) &&
	       read_int(line, "items", 0, &header->items) &&
	       read_int(line, "overrides", 0, &header->overrides) &&
	       read_int(line, "comparisons", 0, &header->comparisons) &&
	       (header->documents <= DOCUMENTS_MAX || fault(line, "documents", "Too many."));
}

static bool take_header(struct bundle *bundle, const struct line *line)
{
	struct bundle_header *header = &bundle->header;
	struct str schema, ranking;
	int64_t revision, as_of_us;
	char own[RANKING_ID_SIZE];

	if (!read_text(line, "schema", true, &schema))
		return false;
	if (!str_is(schema, BUNDLE_SCHEMA))
		return fault(line, "schema", "Must be \"" BUNDLE_SCHEMA "\".");
	if (!read_uuid(line, "workspace", &header->workspace) ||
		!read_text(line, "ranking", true, &ranking) ||
		!read_int(line, "revision", 1, &revision) ||
		!json_read_time(line->json, "as_of", true, line->pointer, line->diag, &as_of_us) ||
		!read_counts(line, header))
		return false;
	if (ranking.len >= sizeof header->ranking)
		return fault(line, "ranking", "Must be the id of a ranking.");
	memcpy(header->ranking, ranking.ptr, ranking.len);
	if (!receipt_read(json_object_get(line->json, "receipt"), &header->receipt))
		return fault(line, "receipt", "Must be a receipt.");
	if (header->receipt.revision != revision || header->receipt.as_of_us != as_of_us)
		return fault(line, "receipt", "Is of another revision or another time.");
	ranking_id_text(revision, as_of_us, own);
	if (!str_is(ranking, own))
		return fault(line, "ranking", "Is not the id of this revision and time.");
	bundle->documents = calloc((size_t)header->documents + 1, sizeof *bundle->documents);
	return bundle->documents != NULL;
}

static bool keep_text(struct bundle *bundle, struct str text, struct str *out)
{
	*out = (struct str){arena_strdup(&bundle->kept, text), text.len};
	return out->ptr != NULL;
}

static bool take_document(struct bundle *bundle, const struct line *line)
{
	struct document *to = &bundle->documents[bundle->counts[LINE_DOCUMENT]];
	const json_t *value = json_object_get(line->json, "body");
	struct buf body = BUF_INIT;
	struct str kind, name;
	bool good;

	if (bundle->counts[LINE_DOCUMENT] >= bundle->header.documents)
		return fault(line, "", "There are more documents than the header says.");
	if (!read_text(line, "kind", true, &kind) || !read_text(line, "name", true, &name) ||
		!read_int(line, "revision", 1, &to->revision))
		return false;
	if (value)
		json_canonical(&body, value);
	good = !body.failed && keep_text(bundle, kind, &to->kind) &&
	       keep_text(bundle, name, &to->name) && keep_text(bundle, buf_view(&body), &to->body);
	buf_release(&body);
	return good;
}

/* The configuration is whole when the first line behind the documents comes. */
static bool make_population(struct bundle *bundle, const struct line *line)
{
	enum error error;

	if (bundle->population)
		return true;
	error = catalog_build(
		bundle->documents, (size_t)bundle->counts[LINE_DOCUMENT], &bundle->catalog);
	if (error == ERR_INTERNAL)
		return fault(line, "", "The documents before this line are not a configuration.");
	if (!error)
		bundle->population = population_new(bundle->catalog);
	return bundle->population != NULL;
}

static bool read_labels(const struct line *line, struct population_item *item)
{
	return json_read_texts(line->json, "labels", ITEM_MAX_LABELS, ITEM_MAX_NAME, line->pointer,
		line->diag, line->arena, &item->labels, &item->label_count);
}

static bool read_values(
	const struct bundle *bundle, const struct line *line, struct population_item *item)
{
	json_t *features = json_object_get(line->json, "features");
	const json_t *evidence = json_object_get(line->json, "evidence");
	struct population_value *values =
		arena_array(line->arena, json_object_size(features), sizeof *values);
	const char *name;
	json_t *value;

	if (!values)
		return false;
	item->values = values;
	json_object_foreach(features, name, value)
	{
		const struct feature_definition *feature =
			catalog_feature(bundle->catalog, str_from(name));
		json_int_t said = json_integer_value(json_object_get(evidence, name));

		if (!feature || !json_is_number(value))
			return fault(line, "features", "Must be numbers of known features.");
		if (said < 0 || said > WN_ASSERTED_LAST)
			return fault(line, "evidence", "Must be numbers from 0 to 255.");
		values[item->value_count++] = (struct population_value){
			feature->id, (uint8_t)said, json_number_value(value)};
	}
	return true;
}

static bool read_blockers(const struct line *line, struct population_item *item)
{
	const json_t *list = json_object_get(line->json, "blocked_by");
	size_t count = json_array_size(list);
	struct uuid *ids = arena_array(line->arena, count, sizeof *ids);

	for (size_t i = 0; ids && i < count; i++) {
		if (!uuid_value(line, "blocked_by", json_array_get(list, i), &ids[i]))
			return false;
	}
	item->blocked_by = ids;
	item->blocked_by_count = count;
	return ids != NULL;
}

static bool take_item(struct bundle *bundle, const struct line *line)
{
	struct population_item item = {.label_count = 0};
	int64_t texts;

	if (!read_uuid(line, "id", &item.id) ||
		!read_int(line, "first_revision", 1, &item.first_revision) ||
		!read_int(line, "texts", 0, &texts))
		return false;
	for (int i = 0; i < WN_WORDS; i++) {
		if (!read_text(line, word_keys[i], false, &item.words[i]))
			return false;
	}
	for (int i = 0; i < WN_STRENGTH; i++) {
		if (!json_read_number(line->json, number_keys[i], -INFINITY, INFINITY, false,
			    line->pointer, line->diag, &item.numbers[i]))
			return false;
	}
	if (texts > UINT8_MAX)
		return fault(line, "texts", "Must be at most 255.");
	if (item.words[WN_ASSIGNEE].len > ITEM_MAX_NAME)
		return fault(line, "assignee", "Is too long.");
	if (population_find(bundle->population, &item.id) != WN_ROW_NONE)
		return fault(line, "id", "This item was there already.");
	item.texts = (uint8_t)texts;
	item.candidate = population_ranks(bundle->catalog, item.words[WN_STATUS]);
	return read_labels(line, &item) && read_values(bundle, line, &item) &&
	       read_blockers(line, &item) && population_add(bundle->population, &item);
}

static bool read_params(const struct line *line, struct population_override *to)
{
	if (str_is(to->kind, "pin"))
		return read_int(line, "rank", 1, &to->rank);
	if (str_is(to->kind, "boost"))
		return json_read_number(line->json, "delta", -INFINITY, INFINITY, true,
			line->pointer, line->diag, &to->delta);
	if (str_is(to->kind, "band"))
		return read_text(line, "band", true, &to->band);
	if (str_is(to->kind, "before"))
		return read_uuid(line, "before", &to->target);
	return true;
}

static bool take_override(struct bundle *bundle, const struct line *line)
{
	size_t count = (size_t)bundle->counts[LINE_OVERRIDE];
	struct population_override *to;

	if (count == bundle->override_room) {
		size_t room = count * 2 + 16;

		to = realloc(bundle->overrides, room * sizeof *to);
		if (!to)
			return false;
		bundle->overrides = to;
		bundle->override_room = room;
	}
	to = &bundle->overrides[count];
	*to = (struct population_override){.rank = 0};
	return read_uuid(line, "id", &to->id) && read_int(line, "revision", 1, &to->revision) &&
	       read_uuid(line, "item", &to->item) && read_text(line, "kind", true, &to->kind) &&
	       read_params(line, to) &&
	       json_read_time(line->json, "expires_at", true, line->pointer, line->diag,
		       &to->expires_us) &&
	       json_read_int(line->json, "ended_revision", 1, INT64_MAX, false, 0, line->pointer,
		       line->diag, &to->ended_revision) &&
	       keep_text(bundle, to->kind, &to->kind) && keep_text(bundle, to->band, &to->band);
}

static bool take_comparison(struct bundle *bundle, const struct line *line)
{
	struct uuid before, after;
	bool derived;

	return read_uuid(line, "before", &before) && read_uuid(line, "after", &after) &&
	       json_read_bool(line->json, "derived", false, line->pointer, line->diag, &derived) &&
	       population_compare(bundle->population, &before, &after, derived);
}

static const struct {
	const char *key;
	bool (*take)(struct bundle *bundle, const struct line *line);
} line_kinds[LINE_KINDS] = {
	[LINE_HEADER] = {"schema", take_header},
	[LINE_DOCUMENT] = {"document", take_document},
	[LINE_ITEM] = {"item", take_item},
	[LINE_OVERRIDE] = {"override", take_override},
	[LINE_COMPARISON] = {"comparison", take_comparison},
};

static bool take(struct bundle *bundle, const json_t *json, struct line *line)
{
	enum line_kind kind = LINE_HEADER;

	while (kind < LINE_KINDS && !json_object_get(json, line_kinds[kind].key))
		kind++;
	if (kind == LINE_KINDS)
		return fault(line, "", "Is no line of a bundle.");
	if ((kind == LINE_HEADER) != (bundle->counts[LINE_HEADER] == 0) || kind < bundle->at)
		return fault(line, "", "The lines are not in their order.");
	line->json = json;
	if (kind != LINE_HEADER) {
		line->json = json_object_get(json, line_kinds[kind].key);
		line->pointer = diag_key(line->diag, line->pointer, line_kinds[kind].key);
	}
	bundle->at = kind;
	if (kind > LINE_DOCUMENT && !make_population(bundle, line))
		return false;
	if (!line_kinds[kind].take(bundle, line))
		return false;
	bundle->counts[kind]++;
	return true;
}

static enum error verdict(bool good, const struct diag *diag, size_t faults)
{
	if (good)
		return ERR_OK;
	return diag->count + diag->omitted > faults ? ERR_INVALID : ERR_NO_MEMORY;
}

enum error bundle_take(struct bundle *bundle, struct str text, size_t number, struct diag *diag)
{
	struct line line = {.arena = &bundle->line, .diag = diag};
	size_t faults = diag->count + diag->omitted;
	json_t *json;
	enum error error;
	bool good;

	line.pointer = diag_index(diag, "/lines", number);
	error = json_parse(text, number, line.pointer, diag, &json);
	if (error)
		return error;
	good = take(bundle, json, &line);
	json_decref(json);
	arena_release(&bundle->line);
	return verdict(good, diag, faults);
}

/* ---- ranking ---- */

static bool is_whole(const struct bundle *bundle, const struct line *line)
{
	const struct bundle_header *header = &bundle->header;

	if (bundle->counts[LINE_HEADER] == 0)
		return fault(line, "", "There is no header.");
	if (bundle->counts[LINE_DOCUMENT] != header->documents ||
		bundle->counts[LINE_ITEM] != header->items ||
		bundle->counts[LINE_OVERRIDE] != header->overrides ||
		bundle->counts[LINE_COMPARISON] != header->comparisons)
		return fault(line, "", "There are more or fewer lines than the header says.");
	return true;
}

static bool bind(struct bundle *bundle, const struct line *line, struct wn_decide_input *input)
{
	const struct receipt *receipt = &bundle->header.receipt;
	const struct model_version *model = catalog_model(bundle->catalog, receipt->model);
	const struct policy_version *policy = catalog_policy(bundle->catalog, receipt->policy);
	struct word_lookup words = population_words(bundle->population);

	if (!model || (receipt->policy > 0 && !policy))
		return fault(line, "", "The model or the policy of the receipt is not there.");
	if (!model_bind(model, &words, &bundle->kept, &bundle->model))
		return false;
	input->model = &bundle->model;
	input->now_s = (double)(receipt->as_of_us / US_PER_S);
	if (!policy)
		return true;
	input->policy = &bundle->policy;
	return policy_bind(policy, bundle->catalog, &bundle->model, input->now_s, &words,
		&bundle->kept, &bundle->policy);
}

static bool bind_overrides(struct bundle *bundle, struct wn_decide_input *input)
{
	size_t all = (size_t)bundle->counts[LINE_OVERRIDE];
	struct wn_override *overrides = arena_array(&bundle->kept, all, sizeof *overrides);
	struct row_lookup items = population_items(bundle->population);

	for (size_t i = 0; overrides && i < all; i++)
		input->override_count +=
			population_override(&bundle->overrides[i], &items, &bundle->model,
				bundle->header.receipt.as_of_us, &overrides[input->override_count]);
	input->overrides = overrides;
	return overrides != NULL;
}

static bool seal(struct bundle *bundle)
{
	struct bundle_result *result = &bundle->result;

	*result = (struct bundle_result){
		.header = &bundle->header,
		.population = population_rows(bundle->population),
		.model = &bundle->model,
		.decision = &bundle->decision,
		.receipt = bundle->header.receipt,
	};
	receipt_stamp(&result->receipt, &bundle->model);
	return receipt_seal(&result->receipt, &bundle->decision, result->population);
}

enum error bundle_rank(struct bundle *bundle, struct diag *diag)
{
	struct line line = {.pointer = "", .arena = &bundle->line, .diag = diag};
	struct wn_decide_input input = {.without_conflicts = true};
	size_t faults = diag->count + diag->omitted;
	bool good = is_whole(bundle, &line) && make_population(bundle, &line) &&
		    population_finish(bundle->population) && bind(bundle, &line, &input) &&
		    bind_overrides(bundle, &input);

	if (good) {
		input.population = population_rows(bundle->population);
		good = wn_decide(&input, &bundle->decision) && seal(bundle);
	}
	return verdict(good, diag, faults);
}

const struct bundle_result *bundle_result(const struct bundle *bundle)
{
	return &bundle->result;
}
