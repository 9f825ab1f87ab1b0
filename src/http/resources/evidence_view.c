/*
 * Contributions and trees as JSON and as text.
 */
#include "http/resources/evidence_view.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "codec/item.h"
#include "http/resources/veil.h"
#include "live/ranking.h"
#include "winnow/expression.h"

enum { REASONS = 3 };

struct evidence_shown evidence_of_row(const struct ranking *ranking, uint32_t row)
{
	const struct wn_scores *scores = &ranking->decision.evidence;

	return (struct evidence_shown){
		.ranking = ranking,
		.version = ranking->model,
		.model = ranking->input.model,
		.rows = &ranking->runs[row / BLOCK_ROWS],
		.row = row % BLOCK_ROWS,
		.now_s = ranking->input.now_s,
		.scored = {scores->score[row], scores->lowest[row], scores->highest[row]},
		.words = {[WN_STREAM] = ranking_text(ranking, row, ROW_STREAM),
			[WN_KIND] = ranking_text(ranking, row, ROW_KIND),
			[WN_STATUS] = ranking_text(ranking, row, ROW_STATUS),
			[WN_TEAM] = ranking_text(ranking, row, ROW_TEAM),
			[WN_SOURCE] = ranking_text(ranking, row, ROW_SOURCE)},
	};
}

bool evidence_room_init(
	struct evidence_room *room, struct arena *arena, const struct model_version *version)
{
	bool additive = wn_model_traits(&version->model) & WN_TRAIT_ADDITIVE;

	*room = (struct evidence_room){0};
	if (additive)
		room->contributions =
			arena_array(arena, version->model.term_count, sizeof *room->contributions);
	else
		room->steps = arena_array(arena, WN_MAX_STEPS, sizeof *room->steps);
	return room->contributions || room->steps;
}

void evidence_put_input(struct json_writer *json, const struct feature_definition *input)
{
	json_put(json, input->fact ? "fact" : "feature", str, input->name);
}

/* ---- contributions ---- */

static const char *clip_word(enum wn_clip clip)
{
	static const char *const words[] = {
		[WN_CLIP_NONE] = "none",
		[WN_CLIP_SIGNAL] = "signal",
		[WN_CLIP_PRINCIPAL] = "principal",
		[WN_CLIP_TEAM] = "team",
	};

	return words[clip];
}

/* Behind "user_impact 3 × 3 = 9". */
static void put_clip(
	struct buf *out, const struct model_version *version, const struct wn_contribution *c)
{
	if (c->clip == WN_CLIP_NONE)
		return;
	if (c->group != c->term) {
		buf_puts(out, ", counted with ");
		buf_str(out, version->term_features[c->group]->name);
		return;
	}
	if (c->clip == WN_CLIP_SIGNAL)
		buf_puts(out, ", cut by max_influence to ");
	else if (c->clip == WN_CLIP_PRINCIPAL)
		buf_puts(out, ", together with what else the same principal claims ");
	else
		buf_puts(out, ", the team's terms together ");
	num_format(out, c->contribution);
}

/* "user_impact 3 × 3 = 9". */
static void put_contribution(
	struct buf *out, const struct model_version *version, const struct wn_contribution *c)
{
	buf_str(out, version->term_features[c->term]->name);
	if (isnan(c->counted)) {
		buf_puts(out, " unknown: no score");
		return;
	}
	buf_puts(out, c->assumed ? " unknown, counted as " : " ");
	num_format(out, c->counted);
	if (c->scaled != c->counted) {
		buf_puts(out, " → ");
		num_format(out, c->scaled);
	}
	buf_puts(out, " × ");
	num_format(out, version->model.terms[c->term].weight);
	buf_puts(out, " = ");
	num_format(out, c->own);
	put_clip(out, version, c);
}

static enum evidence evidence_kind(const struct evidence_shown *shown, uint32_t column)
{
	uint8_t evidence = wn_value_evidence(shown->rows, shown->row, column);

	return evidence < WN_ASSERTED ? (enum evidence)evidence : EVIDENCE_ASSERTED;
}

static void write_contribution(struct json_writer *json, struct buf *text,
	const struct evidence_shown *shown, const struct wn_contribution *c)
{
	const struct wn_term *term = &shown->model->terms[c->term];
	enum evidence evidence = evidence_kind(shown, term->column);
	bool grouped = c->clip == WN_CLIP_PRINCIPAL || c->clip == WN_CLIP_TEAM;

	json_object_begin(json);
	evidence_put_input(json, shown->version->term_features[c->term]);
	json_put(json, "weight", number, term->weight);
	json_put(json, "value", number, c->value);
	json_put(json, "counted", number, c->counted);
	json_put(json, "scaled", number, c->scaled);
	json_put(json, "own", number, c->own);
	json_put(json, "clip", text, clip_word(c->clip));
	if (grouped)
		json_put(json, "group", str, shown->version->term_features[c->group]->name);
	json_put(json, "contribution", number, c->contribution);
	json_put(json, "lowest", number, c->lowest);
	json_put(json, "highest", number, c->highest);
	json_put(json, "assumed", bool, c->assumed);
	if (evidence != EVIDENCE_NONE)
		json_put(json, "evidence", text, item_evidence_word(evidence));
	buf_reset(text);
	put_contribution(text, shown->version, c);
	json_put(json, "text", str, buf_view(text));
	json_object_end(json);
}

/* Added in the order shown, from zero: the score to the last bit. */
static void write_contributions(
	struct json_writer *json, struct wn_contribution *parts, const struct evidence_shown *shown)
{
	size_t count = wn_model_explain(shown->model, shown->rows, shown->row, shown->now_s, parts);
	struct buf text = BUF_INIT;
	double sum = 0.0;

	json_key(json, "contributions");
	json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		write_contribution(json, &text, shown, &parts[i]);
		sum += parts[i].contribution;
	}
	json_array_end(json);
	json_put(json, "sum", number, sum);
	json->out->failed = json->out->failed || text.failed;
	buf_release(&text);
}

/* The contributions that weigh most. */
static void reasons_of_sum(struct json_writer *json, struct wn_contribution *parts,
	const struct evidence_shown *shown, struct buf *text)
{
	size_t count = wn_model_explain(shown->model, shown->rows, shown->row, shown->now_s, parts);
	bool taken[WN_MAX_TERMS] = {false};

	for (int n = 0; n < REASONS; n++) {
		size_t best = count;

		for (size_t i = 0; i < count; i++) {
			if (!taken[i] &&
				(best == count || parts[i].contribution > parts[best].contribution))
				best = i;
		}
		if (best == count)
			return;
		taken[best] = true;
		buf_reset(text);
		put_contribution(text, shown->version, &parts[best]);
		json_str(json, buf_view(text));
	}
}

/* ---- trees ---- */

struct str evidence_word(const struct model_version *version, const struct str words[WN_WORDS],
	const struct wn_step *step)
{
	const struct wn_node *node;

	if (step->kind == WN_STEP_WORD)
		return words[step->word];
	if (step->kind != WN_STEP_TEXT)
		return STR_NONE;
	/* The version is not bound: its texts are numbered from 1. */
	node = &version->model.spec.expression->nodes[step->word];
	return version->words[node->index - 1];
}

/* A step's own model: of a blend the component that it is below, whose inputs it names. */
struct owner {
	const struct model_version *version;
	size_t component; /* of the next step right below the root */
};

static void find_owner(
	struct owner *owner, const struct evidence_shown *shown, const struct wn_step *step)
{
	if (step->depth == 1 && shown->version->components)
		owner->version = shown->version->components[owner->component++];
}

static const struct feature_definition *feature_of(
	const struct owner *owner, const struct wn_step *step)
{
	return step->term == WN_NO_TERM ? NULL : owner->version->term_features[step->term];
}

/* The name of a category; absent for any other value. */
static struct str category_of(const struct feature_definition *feature, double value)
{
	if (!feature || feature->type != FEATURE_CATEGORY || !(value >= 0) ||
		!(value < (double)feature->category_count) || value != floor(value))
		return STR_NONE;
	return feature->categories[(size_t)value];
}

static void write_step(struct json_writer *json, const struct evidence_shown *shown,
	const struct owner *owner, const struct wn_step *step)
{
	const struct feature_definition *feature = feature_of(owner, step);
	struct str category = category_of(feature, step->value);

	json_object_begin(json);
	json_put(json, "depth", int, step->depth);
	json_put(json, "label", text, step->label);
	if (feature)
		evidence_put_input(json, feature);
	if (step->depth == 1 && shown->version->components) {
		json_key(json, "model");
		json_object_begin(json);
		json_put(json, "version", int, owner->version->version);
		json_put(json, "name", str, owner->version->name);
		json_object_end(json);
	}
	json_put(json, "value", number, step->value);
	if (step->kind == WN_STEP_WORD || step->kind == WN_STEP_TEXT)
		json_put(json, "word", str, evidence_word(owner->version, shown->words, step));
	if (category.ptr)
		json_put(json, "category", str, category);
	json_put(json, "lowest", number, step->lowest);
	json_put(json, "highest", number, step->highest);
	json_put(json, "assumed", bool, step->assumed);
	json_object_end(json);
}

static size_t trace(struct wn_step *steps, const struct evidence_shown *shown)
{
	return wn_model_trace(shown->model, shown->rows, shown->row, shown->now_s, shown->scored,
		steps, WN_MAX_STEPS);
}

static void write_tree(
	struct json_writer *json, struct wn_step *steps, const struct evidence_shown *shown)
{
	size_t count = trace(steps, shown);
	struct owner owner = {.version = shown->version};

	json_key(json, "tree");
	json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		find_owner(&owner, shown, &steps[i]);
		write_step(json, shown, &owner, &steps[i]);
	}
	json_array_end(json);
}

static void put_step(struct buf *out, const struct evidence_shown *shown, const struct owner *owner,
	const struct wn_step *step)
{
	const struct feature_definition *feature = feature_of(owner, step);
	struct str category = category_of(feature, step->value);

	if (feature)
		buf_str(out, feature->name);
	else
		buf_puts(out, step->label);
	buf_puts(out, feature && step->assumed ? " unknown, counted as " : " ");
	if (category.ptr)
		buf_str(out, category);
	else if (step->kind == WN_STEP_WORD)
		buf_str(out, evidence_word(owner->version, shown->words, step));
	else
		num_format(out, step->value);
}

/* What the tree was fed with, and the rule or the front that came of it: leaves that the item has,
 * not the model's own constants. */
static bool tells(
	const struct evidence_shown *shown, const struct wn_step *steps, size_t count, size_t i)
{
	bool leaf = i + 1 == count || steps[i + 1].depth <= steps[i].depth;
	bool constant =
		strcmp(steps[i].label, "number") == 0 || strcmp(steps[i].label, "category") == 0;

	if (steps[i].kind == WN_STEP_WORD)
		return i > 0 && shown->words[steps[i].word].len > 0;
	return i > 0 && leaf && !isnan(steps[i].value) && !constant;
}

static void reasons_of_tree(struct json_writer *json, struct wn_step *steps,
	const struct evidence_shown *shown, struct buf *text)
{
	size_t count = trace(steps, shown);
	struct owner owner = {.version = shown->version};
	int told = 0;

	for (size_t i = 0; i < count && told < REASONS; i++) {
		find_owner(&owner, shown, &steps[i]);
		if (!tells(shown, steps, count, i))
			continue;
		buf_reset(text);
		put_step(text, shown, &owner, &steps[i]);
		json_str(json, buf_view(text));
		told++;
	}
}

/* ---- families ---- */

enum { FAMILIES = 16 };

/* What the inputs of a family weigh. A family with one that is hidden has no weight to show. */
struct family {
	struct str name;
	double weight;
	bool hidden;
};

static struct family *family_of(struct family *families, size_t *count, struct str name)
{
	for (size_t i = 0; i < *count; i++) {
		if (str_eq(families[i].name, name))
			return &families[i];
	}
	if (*count == FAMILIES)
		return &families[FAMILIES - 1];
	families[*count] = (struct family){.name = name};
	return &families[(*count)++];
}

static size_t list_families(const struct evidence_shown *shown, const struct model_version *version,
	struct family *families, size_t count)
{
	const struct catalog *catalog = shown->ranking->catalog;

	for (size_t i = 0; i < version->model.term_count; i++) {
		const struct feature_definition *feature = version->term_features[i];
		struct family *family = family_of(families, &count, feature->family);

		family->hidden |= !feature->fact && catalog->features[feature->id].sensitive;
	}
	for (size_t i = 0; version->components && i < version->model.spec.blend->component_count;
		i++)
		count = list_families(shown, version->components[i], families, count);
	return count;
}

/* What a term says before anything is cut: a cut depends on the others, and on hidden ones, too. */
static void weigh_families(const struct evidence_room *room, const struct evidence_shown *shown,
	struct family *families, size_t *count)
{
	struct wn_contribution *parts = room->contributions;
	size_t terms = wn_model_explain(shown->model, shown->rows, shown->row, shown->now_s, parts);

	for (size_t i = 0; i < terms; i++) {
		const struct feature_definition *feature =
			shown->version->term_features[parts[i].term];
		struct family *family = family_of(families, count, feature->family);

		if (!isnan(parts[i].own))
			family->weight += parts[i].own;
	}
}

/* Of the open ones the heaviest that is left, in the model's order where none weighs more; then of the
 * hidden ones the next, which says nothing of the item. */
static struct family *next_family(struct family *families, size_t count, const bool *told)
{
	struct family *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (told[i])
			continue;
		if (!best || (best->hidden && !families[i].hidden) ||
			(!best->hidden && !families[i].hidden && families[i].weight > best->weight))
			best = &families[i];
	}
	return best;
}

static void reasons_of_families(struct json_writer *json, const struct evidence_room *room,
	const struct evidence_shown *shown)
{
	struct family families[FAMILIES], *next;
	bool told[FAMILIES] = {false};
	size_t count = list_families(shown, shown->version, families, 0);

	if (room->contributions)
		weigh_families(room, shown, families, &count);
	while ((next = next_family(families, count, told)) != NULL) {
		told[next - families] = true;
		json_str(json, next->name);
	}
}

/* ---- either ---- */

void evidence_write(struct json_writer *json, const struct evidence_room *room,
	const struct evidence_shown *shown)
{
	if (room->contributions)
		write_contributions(json, room->contributions, shown);
	else
		write_tree(json, room->steps, shown);
}

void evidence_write_reasons(struct json_writer *json, const struct evidence_room *room,
	const struct evidence_shown *shown)
{
	struct buf text = BUF_INIT;

	json_key(json, "reasons");
	json_array_begin(json);
	if (veil_hides_scores(json, shown->ranking))
		reasons_of_families(json, room, shown);
	else if (room->contributions)
		reasons_of_sum(json, room->contributions, shown, &text);
	else
		reasons_of_tree(json, room->steps, shown, &text);
	json_array_end(json);
	json->out->failed = json->out->failed || text.failed;
	buf_release(&text);
}
