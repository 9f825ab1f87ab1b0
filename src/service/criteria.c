/*
 * Judgements of criteria, as read in one snapshot with the catalogue that says which features can
 * be criteria. They are numbered and sorted by name, so that the weights do not depend on the order
 * in which people spoke.
 */
#include "service/criteria.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "service/catalogs.h"
#include "service/reading.h"
#include "store/aggregates.h"

const char *criterion_fault(const struct catalog *catalog, struct str name)
{
	const struct feature_definition *feature = catalog_live_feature(catalog, name);

	if (!feature)
		return "There is no such feature in this workspace's catalogue.";
	if (feature->sensitive)
		return "This feature is sensitive, and comparisons are shown to every reader.";
	if (feature->type == FEATURE_TEXT || feature->type == FEATURE_DATE)
		return "Text and dates have no value to weigh.";
	if (feature->type == FEATURE_NUMBER &&
		(!isfinite(feature->lower) || !isfinite(feature->upper)))
		return "This feature has no bounds to weigh it by.";
	return NULL;
}

/* What was said, and of which features it is asked. */
struct said {
	struct comparison_row *rows;
	size_t row_count;
	struct str features[WN_AHP_MAX];
	size_t count;
	struct wn_judgement *judgements; /* between two of the features, sorted */
	size_t judgement_count;
	int64_t newest;
};

static int feature_index(const struct said *said, struct str name)
{
	for (size_t i = 0; i < said->count; i++) {
		if (str_eq(said->features[i], name))
			return (int)i;
	}
	return -1;
}

/* The text is the rows' or the caller's. False when there is no room. */
static bool add_feature(struct said *said, struct str name)
{
	if (feature_index(said, name) >= 0)
		return true;
	if (said->count == WN_AHP_MAX)
		return false;
	said->features[said->count++] = name;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int by_pair(const void *x, const void *y)
{
	const struct wn_judgement *a = x, *b = y;

	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	if (a->b != b->b)
		return a->b < b->b ? -1 : 1;
	return (a->ratio > b->ratio) - (a->ratio < b->ratio);
}

static enum error collect_judgements(struct said *said, struct arena *arena)
{
	said->judgements = arena_array(arena, said->row_count, sizeof *said->judgements);
	said->judgement_count = 0;
	said->newest = 0;
	if (!said->judgements)
		return ERR_BUDGET;
	for (size_t i = 0; i < said->row_count; i++) {
		const struct comparison_row *row = &said->rows[i];
		int a = feature_index(said, row->before_name);
		int b = feature_index(said, row->after_name);

		if (a < 0 || b < 0)
			continue;
		said->judgements[said->judgement_count++] =
			(struct wn_judgement){(uint32_t)a, (uint32_t)b, row->ratio};
		if (row->revision > said->newest)
			said->newest = row->revision;
	}
	if (said->judgement_count > 1)
		qsort(said->judgements, said->judgement_count, sizeof *said->judgements, by_pair);
	return ERR_OK;
}

/* In one snapshot; *catalog is a reference. */
static enum error read_said(
	const struct call *call, struct said *out, struct catalog **catalog, struct head *head)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	*out = (struct said){0};
	if (error)
		return error;
	*head = reading.head;
	error = comparisons_load(reading.conn, &call->workspace, true, 0, reading.head.revision,
		call->arena, &out->rows, &out->row_count);
	if (!error)
		error = catalogs_at(call->service->catalogs, reading.conn, &call->workspace,
			reading.head.config_revision, catalog);
	reading_end(&reading);
	return error;
}

/* ---- weights ---- */

static bool add_if_criterion(struct said *said, const struct catalog *catalog, struct str name)
{
	return criterion_fault(catalog, name) || add_feature(said, name);
}

static bool add_judged(struct said *said, const struct catalog *catalog)
{
	bool room = true;

	for (size_t i = 0; i < said->row_count && room; i++)
		room = add_if_criterion(said, catalog, said->rows[i].before_name) &&
		       add_if_criterion(said, catalog, said->rows[i].after_name);
	return room;
}

static void add_asked(struct said *said, const struct catalog *catalog, const struct str *features,
	size_t count, struct diag *diag)
{
	for (size_t i = 0; i < count; i++) {
		const char *fault = criterion_fault(catalog, features[i]);

		if (fault)
			diag_add(diag, diag_index(diag, "/features", i), "%s", fault);
		else if (feature_index(said, features[i]) >= 0)
			diag_add(diag, diag_index(diag, "/features", i),
				"It is in this list already.");
		else
			(void)add_feature(said, features[i]); /* counted before */
	}
}

static enum error choose_features(struct said *said, const struct catalog *catalog,
	const struct str *features, size_t count, struct diag *diag)
{
	if (count > WN_AHP_MAX)
		diag_add(diag, "/features",
			"At most %d features can be weighed against each other.", WN_AHP_MAX);
	else if (count > 0)
		add_asked(said, catalog, features, count, diag);
	else if (!add_judged(said, catalog))
		diag_add(diag, "/features",
			"More than %d features were judged: name those that are meant.",
			WN_AHP_MAX);
	if (diag->count == 0 && said->count < 2)
		diag_add(diag, "/features", "At least two features that were judged are needed.");
	qsort(said->features, said->count, sizeof *said->features, by_name);
	return diag->count ? ERR_INVALID : ERR_OK;
}

/* group[i]: the least feature that judgements lead to from i. */
static void find_groups(const struct said *said, uint32_t group[static WN_AHP_MAX])
{
	bool changed = true;

	for (uint32_t i = 0; i < said->count; i++)
		group[i] = i;
	while (changed) {
		changed = false;
		for (size_t i = 0; i < said->judgement_count; i++) {
			uint32_t a = said->judgements[i].a, b = said->judgements[i].b;
			uint32_t least = group[a] < group[b] ? group[a] : group[b];

			changed |= group[a] != least || group[b] != least;
			group[a] = group[b] = least;
		}
	}
}

/* "user_impact and effort; severity" */
static void fault_apart(const struct said *said, struct diag *diag)
{
	uint32_t group[WN_AHP_MAX];
	struct buf text = BUF_INIT;

	find_groups(said, group);
	for (uint32_t g = 0; g < said->count; g++) {
		const char *before = text.len > 0 ? "; " : "";

		for (size_t i = 0; i < said->count; i++) {
			if (group[i] != g)
				continue;
			buf_printf(&text, "%s%.*s", before, STR_ARG(said->features[i]));
			before = " and ";
		}
	}
	diag_add(diag, "/features",
		"No judgements lead from one of these groups to another: %s. Compare a feature of "
		"each.",
		text.failed ? "" : text.data);
	buf_release(&text);
}

enum error criteria_weigh(const struct call *call, const struct str *features, size_t count,
	struct criteria_weights *out)
{
	struct catalog *catalog = NULL;
	struct said said;
	struct head head;
	struct wn_ahp ahp;
	enum error error = read_said(call, &said, &catalog, &head);

	if (!error)
		error = choose_features(&said, catalog, features, count, call->diag);
	if (!error)
		error = collect_judgements(&said, call->arena);
	catalog_unref(catalog);
	if (error)
		return error;
	if (!wn_ahp(said.judgements, said.judgement_count, said.count, &ahp)) {
		fault_apart(&said, call->diag);
		return ERR_INVALID;
	}
	*out = (struct criteria_weights){
		.count = said.count,
		.lambda_max = ahp.lambda_max,
		.consistency = ahp.consistency,
		.judgements = said.judgement_count,
		.newest = said.newest,
		.head = {.revision = head.revision, .hash = head.hash},
	};
	memcpy(out->features, said.features, sizeof out->features);
	memcpy(out->weights, ahp.weights, sizeof out->weights);
	return ERR_OK;
}

/* ---- what to ask next ---- */

/* A blend reads what its components read. False when there is no room for more. */
static bool add_read(
	struct said *said, const struct catalog *catalog, const struct model_version *model)
{
	const struct wn_blend *blend = strcmp(wn_model_kind_name(model->model.kind), "blend") == 0
					       ? model->model.spec.blend
					       : NULL;
	bool room = true;

	for (size_t i = 0; i < model->model.term_count && room; i++)
		room = model->term_features[i]->fact ||
		       add_if_criterion(said, catalog, model->term_features[i]->name);
	for (size_t i = 0; blend && i < blend->component_count && room; i++)
		room = add_read(said, catalog, model->components[i]);
	return room;
}

static enum error add_active(struct said *said, const struct catalog *catalog)
{
	const struct alias *active = catalog_alias(catalog, STR("active"));
	const struct model_version *model = active ? catalog_model(catalog, active->model) : NULL;

	if (!model)
		return ERR_INTERNAL;
	/* What finds no room is left for when another model is active. */
	(void)add_read(said, catalog, model);
	if (said->count == 0)
		(void)add_judged(said, catalog);
	return ERR_OK;
}

/* The names outlive the catalogue. */
static enum error keep_names(struct said *said, struct arena *arena)
{
	for (size_t i = 0; i < said->count; i++) {
		const char *name = arena_strdup(arena, said->features[i]);

		if (!name)
			return ERR_BUDGET;
		said->features[i].ptr = name;
	}
	return ERR_OK;
}

/* What was said of one pair, seen from a. */
static void judge_pair(const struct said *said, uint32_t a, uint32_t b, struct criteria_pair *out)
{
	double sum = 0.0;

	for (size_t i = 0; i < said->judgement_count; i++) {
		const struct wn_judgement *judgement = &said->judgements[i];

		if (judgement->a == a && judgement->b == b)
			sum += log(judgement->ratio);
		else if (judgement->a == b && judgement->b == a)
			sum -= log(judgement->ratio);
		else
			continue;
		out->judgements++;
	}
	out->judged = out->judgements ? exp(sum / (double)out->judgements) : NAN;
}

static double misfit(const struct criteria_pair *pair)
{
	return pair->need == CRITERIA_UNCERTAIN ? fabs(log(pair->judged / pair->implied)) : 0.0;
}

struct proposal {
	struct criteria_pair pair;
	double misfit;
	size_t place;
};

static int by_need(const void *x, const void *y)
{
	const struct proposal *a = x, *b = y;

	if (a->pair.need != b->pair.need)
		return a->pair.need < b->pair.need ? -1 : 1;
	if (a->misfit != b->misfit)
		return a->misfit > b->misfit ? -1 : 1;
	return a->place < b->place ? -1 : 1;
}

/* `ahp` is NULL while the features are apart. */
static size_t propose(const struct said *said, const struct wn_ahp *ahp, struct proposal *out)
{
	uint32_t group[WN_AHP_MAX];
	size_t count = 0;

	find_groups(said, group);
	for (uint32_t a = 0; a < said->count; a++) {
		for (uint32_t b = a + 1; b < said->count; b++, count++) {
			struct criteria_pair pair = {
				.a = said->features[a], .b = said->features[b], .implied = NAN};

			judge_pair(said, a, b, &pair);
			if (ahp)
				pair.implied = ahp->weights[a] / ahp->weights[b];
			if (group[a] != group[b])
				pair.need = CRITERIA_APART;
			else
				pair.need =
					pair.judgements ? CRITERIA_UNCERTAIN : CRITERIA_UNJUDGED;
			out[count] = (struct proposal){pair, ahp ? misfit(&pair) : 0.0, count};
		}
	}
	qsort(out, count, sizeof *out, by_need);
	return count;
}

enum error criteria_to_compare(const struct call *call, size_t limit, struct criteria_pairs *out)
{
	struct proposal proposals[WN_AHP_MAX * (WN_AHP_MAX - 1) / 2];
	struct catalog *catalog = NULL;
	struct said said;
	struct head head;
	struct wn_ahp ahp;
	bool connected;
	size_t count;
	enum error error = read_said(call, &said, &catalog, &head);

	if (!error)
		error = add_active(&said, catalog);
	if (!error)
		error = keep_names(&said, call->arena);
	if (!error)
		error = collect_judgements(&said, call->arena);
	catalog_unref(catalog);
	if (error)
		return error;
	connected =
		said.count >= 2 && wn_ahp(said.judgements, said.judgement_count, said.count, &ahp);
	count = propose(&said, connected ? &ahp : NULL, proposals);
	*out = (struct criteria_pairs){
		.count = count < limit ? count : limit,
		.feature_count = said.count,
		.revision = head.revision,
	};
	memcpy(out->features, said.features, sizeof out->features);
	out->pairs = arena_array(call->arena, out->count, sizeof *out->pairs);
	if (!out->pairs)
		return ERR_BUDGET;
	for (size_t i = 0; i < out->count; i++)
		out->pairs[i] = proposals[i].pair;
	return ERR_OK;
}
