/*
 * A predicate is a tree: an `all` is false as soon as one part is, an `any` when all parts are. The
 * values to try follow from what a test compares with; whether one will do is asked of the engine.
 */
#include "service/lift.h"

#include "base/clock.h"

/* What the dates of items lie between. */
static const double first_date_s = (double)(TIME_FIRST_US / US_PER_S);
static const double last_date_s = (double)(TIME_LAST_US / US_PER_S);

enum {
	DAY_S = 86400,
	CLEARED_COST = 4, /* rather set four values than forget one */
	STEP_DIGITS = 3,  /* of a number whose values are not whole, within its bounds */
};

/* The item alone, with values that can be written. */
struct lifter {
	const struct ranking *ranking;
	uint32_t row;
	struct wn_rows view;
	const double **columns;
	double *values;
	size_t column_count;
	struct lift *lift;
	bool full; /* a change found no room */
};

static bool lifter_init(struct lifter *lifter, struct arena *arena)
{
	const struct ranking *ranking = lifter->ranking;
	const struct wn_rows *run = &ranking->runs[lifter->row / BLOCK_ROWS];
	size_t at = lifter->row % BLOCK_ROWS, count = ranking->catalog->feature_count;

	lifter->column_count = count;
	lifter->columns = arena_array(arena, count + 1, sizeof *lifter->columns);
	lifter->values = arena_array(arena, count + 1, sizeof *lifter->values);
	if (!lifter->columns || !lifter->values)
		return false;
	for (size_t c = 0; c < count; c++) {
		lifter->values[c] = wn_value(run, at, c);
		lifter->columns[c] = &lifter->values[c];
	}
	for (size_t i = 0; i < lifter->lift->count; i++)
		lifter->values[lifter->lift->change[i].column] = lifter->lift->change[i].value;
	lifter->view = (struct wn_rows){
		.rows = 1,
		.columns = lifter->columns,
		.column_count = count,
		.texts = run->texts ? run->texts + at : NULL,
		.label_start = run->label_start ? run->label_start + at : NULL,
		.labels = run->labels,
	};
	for (size_t i = 0; i < WN_WORDS; i++)
		lifter->view.words[i] = run->words[i] ? run->words[i] + at : NULL;
	for (size_t i = 0; i < WN_NUMBERS; i++)
		lifter->view.numbers[i] = run->numbers[i] ? run->numbers[i] + at : NULL;
	return true;
}

static bool holds(const struct lifter *lifter, const struct wn_test *test)
{
	uint64_t hit = 0;

	wn_predicate_rows(test, test->size, &lifter->view, lifter->ranking->input.now_s, &hit);
	return hit & 1;
}

/* ---- changes ---- */

static bool set(struct lifter *lifter, const struct lift_change *change)
{
	struct lift *lift = lifter->lift;
	size_t i = 0;

	while (i < lift->count && lift->change[i].column != change->column)
		i++;
	if (i == LIFT_MAX) {
		lifter->full = true;
		return false;
	}
	lift->change[i] = *change;
	lift->count += i == lift->count;
	lifter->values[change->column] = change->value;
	return true;
}

static void restore(struct lifter *lifter, const struct lift *to)
{
	for (size_t i = 0; i < lifter->lift->count; i++) {
		uint32_t column = lifter->lift->change[i].column;

		lifter->values[column] = ranking_value(lifter->ranking, lifter->row, column);
	}
	*lifter->lift = *to;
	for (size_t i = 0; i < to->count; i++)
		lifter->values[to->change[i].column] = to->change[i].value;
}

static size_t cost(const struct lift *lift)
{
	size_t sum = 0;

	for (size_t i = 0; i < lift->count; i++)
		sum += isnan(lift->change[i].value) ? CLEARED_COST : 1;
	return sum;
}

/* ---- one test ---- */

/* The search for a value with which a test has the wanted outcome. */
struct trial {
	struct lifter *lifter;
	const struct wn_test *test;
	const struct feature_definition *feature;
	bool wanted;
	double known, old; /* what it is, and what it counts as when that is unknown */
	double best;       /* NaN: none yet */
};

/* As coarse as values of the feature usually are. */
static bool is_whole(const struct feature_definition *feature)
{
	return feature->type != FEATURE_NUMBER || lift_whole_steps(feature->lower, feature->upper);
}

static double least_value(const struct feature_definition *feature)
{
	return feature->type == FEATURE_NUMBER ? feature->lower
	       : feature->type == FEATURE_DATE ? first_date_s
					       : 0;
}

static double greatest_value(const struct feature_definition *feature)
{
	switch (feature->type) {
	case FEATURE_NUMBER: return feature->upper;
	case FEATURE_DATE: return last_date_s;
	case FEATURE_CATEGORY: return (double)feature->category_count - 1;
	case FEATURE_BOOLEAN:
	case FEATURE_TEXT: break;
	}
	return 1;
}

static double worst_value(const struct feature_definition *feature)
{
	double worst = feature->lower_is_better ? greatest_value(feature) : least_value(feature);

	/* Dates have ends, but no worst one that says anything. */
	return isinf(worst) || feature->type == FEATURE_DATE ? 0 : worst;
}

/* Nearer to what it is; of two that are as near, the better one. */
static bool is_nearer(const struct trial *trial, double value)
{
	double far = fabs(value - trial->old), best = fabs(trial->best - trial->old);
	bool better = trial->feature->lower_is_better ? value < trial->best : value > trial->best;

	return isnan(best) || far < best || (!(far > best) && better);
}

static void try_value(struct trial *trial, double value)
{
	double *at = &trial->lifter->values[trial->test->index];
	bool good;

	if (!(value >= least_value(trial->feature) && value <= greatest_value(trial->feature)) ||
		!isfinite(value) || (is_whole(trial->feature) && value != floor(value)))
		return;
	*at = value;
	good = holds(trial->lifter, trial->test) == trial->wanted;
	*at = trial->known;
	if (good && is_nearer(trial, value))
		trial->best = value;
}

static void try_days(struct trial *trial, double time_s)
{
	double day = floor(time_s / DAY_S) * DAY_S;

	for (int i = -2; i <= 2; i++)
		try_value(trial, day + i * DAY_S);
}

/* The nearest steps before and after a number, a power of ten each; written so that they are the
 * doubles of short decimals. */
static void try_steps(struct trial *trial, double number)
{
	const struct feature_definition *feature = trial->feature;
	double span = feature->upper - feature->lower;
	double scale, power;

	if (isinf(span))
		span = fmax(fabs(number), 1);
	power = floor(log10(span)) - STEP_DIGITS;
	scale = pow(10, fabs(power));
	if (power < 0) {
		try_value(trial, (ceil(number * scale) - 1) / scale);
		try_value(trial, (floor(number * scale) + 1) / scale);
	} else {
		try_value(trial, (ceil(number / scale) - 1) * scale);
		try_value(trial, (floor(number / scale) + 1) * scale);
	}
}

static void try_around(struct trial *trial, double number)
{
	const struct feature_definition *feature = trial->feature;

	if (trial->test->of == WN_OF_DAYS_TO) {
		try_days(trial, trial->lifter->ranking->input.now_s + number * DAY_S);
		return;
	}
	if (feature->type == FEATURE_DATE) {
		try_days(trial, number);
		return;
	}
	try_value(trial, number);
	try_value(trial, floor(number) + 1);
	try_value(trial, ceil(number) - 1);
	try_steps(trial, number);
}

static void try_values(struct trial *trial)
{
	const struct feature_definition *feature = trial->feature;
	size_t listed = feature->type == FEATURE_CATEGORY ? feature->category_count : 2;

	if (feature->type == FEATURE_DATE && isnan(trial->known))
		try_days(trial, trial->lifter->ranking->input.now_s);
	if (feature->type != FEATURE_NUMBER && feature->type != FEATURE_DATE) {
		for (size_t i = 0; i < listed; i++)
			try_value(trial, (double)i);
		return;
	}
	try_value(trial, least_value(feature));
	try_value(trial, greatest_value(feature));
	if (trial->test->op == WN_MISSING || trial->test->op == WN_PRESENT)
		try_value(trial, worst_value(feature));
	else
		for (size_t i = 0; i < trial->test->count; i++)
			try_around(trial, trial->test->numbers[i]);
}

static bool set_test(struct lifter *lifter, const struct wn_test *test, bool wanted)
{
	bool of_feature = test->of == WN_OF_FEATURE || test->of == WN_OF_DAYS_TO;
	struct trial trial = {
		.lifter = lifter, .test = test, .wanted = wanted, .old = NAN, .best = NAN};
	struct lift_change change = {.column = test->index};

	if (!of_feature || test->index >= lifter->column_count)
		return false;
	trial.feature = &lifter->ranking->catalog->features[test->index];
	if (trial.feature->deleted)
		return false;
	trial.known = lifter->values[test->index];
	trial.old = isnan(trial.known) ? worst_value(trial.feature) : trial.known;
	try_values(&trial);
	change.value = trial.best; /* NaN is the one that is left, unless it is so already */
	change.any = isnan(trial.known) && !isnan(trial.best) &&
		     (test->op == WN_MISSING || test->op == WN_PRESENT);
	return !(isnan(trial.known) && isnan(trial.best)) && set(lifter, &change) &&
	       holds(lifter, test) == wanted;
}

/* ---- the tree ---- */

static bool bend(struct lifter *lifter, const struct wn_test *test, bool wanted);

static bool bend_each(struct lifter *lifter, const struct wn_test *test, bool wanted)
{
	const struct wn_test *child = test + 1;

	for (uint32_t i = 0; i < test->children; i++, child += child->size) {
		if (!bend(lifter, child, wanted))
			return false;
	}
	return true;
}

static bool bend_one(struct lifter *lifter, const struct wn_test *test, bool wanted)
{
	const struct wn_test *child = test + 1;
	struct lift before = *lifter->lift, best = before;
	bool found = false;

	for (uint32_t i = 0; i < test->children; i++, child += child->size) {
		if (bend(lifter, child, wanted) && (!found || cost(lifter->lift) < cost(&best))) {
			best = *lifter->lift;
			found = true;
		}
		restore(lifter, &before);
	}
	restore(lifter, &best);
	return found;
}

static bool bend(struct lifter *lifter, const struct wn_test *test, bool wanted)
{
	if (holds(lifter, test) == wanted)
		return true;
	switch (test->op) {
	case WN_NOT: return bend(lifter, test + 1, !wanted);
	case WN_ALL:
		return wanted ? bend_each(lifter, test, wanted) : bend_one(lifter, test, wanted);
	case WN_ANY:
		return wanted ? bend_one(lifter, test, wanted) : bend_each(lifter, test, wanted);
	default: return set_test(lifter, test, wanted);
	}
}

enum error lift_rule(const struct ranking *ranking, uint32_t row, const struct wn_rule *rule,
	struct arena *arena, struct lift *lift, enum lift_outcome *outcome)
{
	struct lifter lifter = {.ranking = ranking, .row = row, .lift = lift};
	struct lift before = *lift;
	bool bent;

	*outcome = LIFT_BARRED;
	if (!lifter_init(&lifter, arena))
		return ERR_BUDGET;
	bent = bend(&lifter, rule->tests, false);
	/* Parts may read the same feature: what is found holds for the whole. */
	if (bent && !holds(&lifter, rule->tests))
		*outcome = LIFT_FOUND;
	else if (bent || lifter.full)
		*outcome = LIFT_UNKNOWN;
	if (*outcome != LIFT_FOUND)
		*lift = before;
	return ERR_OK;
}
