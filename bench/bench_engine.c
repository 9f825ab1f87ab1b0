/*
 * How fast the engine is, beside what the machine can do: the ceiling is a plain dot product over
 * the same columns and one plain LSD radix sort of the resulting doubles with their indexes, in
 * the same run. Prints one table line per figure; asserts nothing.
 *
 *   bench_engine                 the table
 *   bench_engine decide ROWS     median ms of a whole decision, and of score and order alone until
 *                                their ids stand in order
 *   bench_engine rows ROWS       the same rows as a file for PostgreSQL's COPY … (FORMAT binary)
 *   bench_engine sum             the same weighted sum as an SQL expression
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "winnow/decide.h"
#include "winnow/pareto.h"

enum {
	FEATURES = 20,
	RUNS = 15,
	FRONT_RUNS = 5,
	ROWS_PER_REVISION = 1000,
	RULES = 20,
	OVERRIDES = 1000,
	BLOCK_ROWS = 256, /* as in the daemon's memory */
	MOST_BLOCKS = 4096,
};

struct pair {
	uint64_t key;
	uint64_t row;
};

struct backlog {
	size_t rows, edge_count;
	double *columns[FEATURES];
	double *sums; /* the ceiling's */
	struct pair *pairs, *spare;
	struct wn_scores scores;
	uint8_t *candidate, *band;
	int64_t *first_revision;
	unsigned char (*id)[16];
	struct wn_edge *edges;
};

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static double next_unit(uint64_t *state)
{
	return (double)(next_random(state) >> 11) * 0x1p-53;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void *take(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (!memory) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

/* Points 1 to 3 in steps or anything between; one value in twenty is unknown. */
static void backlog_init(struct backlog *b, size_t rows, size_t edge_count, bool points)
{
	uint64_t state = 1;

	*b = (struct backlog){.rows = rows, .edge_count = edge_count};
	for (size_t c = 0; c < FEATURES; c++) {
		b->columns[c] = take(rows, sizeof(double));
		for (size_t i = 0; i < rows; i++) {
			double x = 1 + 2 * next_unit(&state);

			b->columns[c][i] = next_random(&state) % 20 == 0 ? NAN
					   : points                      ? rint(x)
									 : x;
		}
	}
	b->sums = take(rows, sizeof(double));
	b->pairs = take(rows, sizeof(struct pair));
	b->spare = take(rows, sizeof(struct pair));
	b->scores.score = take(rows, sizeof(double));
	b->scores.lowest = take(rows, sizeof(double));
	b->scores.highest = take(rows, sizeof(double));
	b->candidate = take(rows, 1);
	b->band = take(rows, 1);
	b->first_revision = take(rows, sizeof(int64_t));
	b->id = take(rows, sizeof(*b->id));
	b->edges = take(edge_count, sizeof(struct wn_edge));
	for (size_t i = 0; i < rows; i++) {
		uint64_t id[2] = {next_random(&state), next_random(&state)};

		b->candidate[i] = 1;
		b->first_revision[i] = (int64_t)(i / ROWS_PER_REVISION) + 1;
		memcpy(b->id[i], id, sizeof(id));
	}
	for (size_t i = 0; i < edge_count; i++) {
		b->edges[i].blocked = (uint32_t)(next_random(&state) % rows);
		b->edges[i].blocker = (uint32_t)(next_random(&state) % rows);
	}
}

static void backlog_release(struct backlog *b)
{
	for (size_t c = 0; c < FEATURES; c++)
		free(b->columns[c]);
	free(b->sums);
	free(b->pairs);
	free(b->spare);
	free(b->scores.score);
	free(b->scores.lowest);
	free(b->scores.highest);
	free(b->candidate);
	free(b->band);
	free(b->first_revision);
	free(b->id);
	free(b->edges);
}

static void add_column(double *restrict sums, const double *restrict x, double weight, size_t rows)
{
	for (size_t i = 0; i < rows; i++)
		sums[i] += weight * x[i];
}

static void dot_product(struct backlog *b, const struct wn_term *terms)
{
	enum { BLOCK = 1000 }; /* divides the row counts; keeps the sums in cache */

	memset(b->sums, 0, b->rows * sizeof(*b->sums));
	for (size_t start = 0; start < b->rows; start += BLOCK) {
		for (size_t c = 0; c < FEATURES; c++)
			add_column(b->sums + start, b->columns[c] + start, terms[c].weight, BLOCK);
	}
}

/* `from` and `to` have room for the rows. */
static void plain_radix_sort(const double *x, size_t rows, struct pair *from, struct pair *to)
{
	static uint32_t next[6][2048];

	memset(next, 0, sizeof(next));
	for (size_t i = 0; i < rows; i++) {
		uint64_t bits;

		memcpy(&bits, &x[i], sizeof(bits));
		bits ^= bits >> 63 ? UINT64_MAX : UINT64_C(1) << 63;
		from[i] = (struct pair){bits, i};
		for (unsigned d = 0; d < 6; d++)
			next[d][bits >> (11 * d) & 2047]++;
	}
	for (unsigned d = 0; d < 6; d++) {
		struct pair *sorted = to;
		uint32_t sum = 0;

		for (size_t i = 0; i < 2048; i++) {
			uint32_t count = next[d][i];

			next[d][i] = sum;
			sum += count;
		}
		for (size_t i = 0; i < rows; i++)
			to[next[d][from[i].key >> (11 * d) & 2047]++] = from[i];
		to = from;
		from = sorted;
	}
}

/* What the engine is held against. It sorts the scores: the sums of rows with an unknown are all NaN,
 * too easy to sort. */
static void ceiling_once(struct backlog *b, const struct wn_term *terms, double *dot, double *sort)
{
	double start = now_ms();

	dot_product(b, terms);
	*dot = now_ms() - start;
	plain_radix_sort(b->scores.score, b->rows, b->pairs, b->spare);
	*sort = now_ms() - start - *dot;
}

/* The parts of one run, in ms. */
struct times {
	double dot, sort;
	double score, bands, rank;
};

static struct times run(struct backlog *b, const struct wn_model *model)
{
	struct wn_rank_input input = {
		.rows = b->rows,
		.candidate = b->candidate,
		.score = b->scores.score,
		.band = b->band,
		.first_revision = b->first_revision,
		.id = (const unsigned char(*)[16])b->id,
		.edges = b->edges,
		.edge_count = b->edge_count,
	};
	const struct wn_rows view = {.rows = b->rows,
		.columns = (const double *const *)b->columns,
		.column_count = FEATURES};
	struct wn_ranking ranking;
	struct times t;
	double start, end;

	ceiling_once(b, model->terms, &t.dot, &t.sort);
	start = now_ms();
	wn_model_score_rows(model, &view, 0, b->scores);
	end = now_ms();
	t.score = end - start;
	wn_model_bands(model, b->scores.score, b->rows, b->band);
	start = now_ms();
	t.bands = start - end;
	if (!wn_rank(&input, &ranking)) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	t.rank = now_ms() - start;
	wn_ranking_release(&ranking);
	return t;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_of(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	return values[count / 2];
}

static double median(double *values)
{
	return median_of(values, RUNS);
}

static const struct wn_band bands[] = {{"next_sprint", 36}, {"ready", 30}, {"icebox", -INFINITY}};

static struct wn_model model_of(struct wn_term terms[FEATURES], bool points)
{
	for (uint32_t c = 0; c < FEATURES; c++)
		terms[c] = (struct wn_term){.column = c,
			.weight = 1 + c % 3,
			.lower = 1,
			.upper = 3,
			.lower_is_better = c % 4 == 3,
			.scale = points || c % 2 ? WN_SCALE_VALUE : WN_SCALE_UNIT};
	return (struct wn_model){.kind = wn_model_kind_named("weighted_sum"),
		.terms = terms,
		.term_count = FEATURES,
		.bands = bands,
		.band_count = 3};
}

static void print_row(const char *name, double value, double ceiling, const char *goal)
{
	printf("%s | %.1f ms | %.1f ms | %.2f | %s\n", name, value, ceiling, value / ceiling, goal);
	fflush(stdout);
}

static void figure(const char *name, size_t rows, size_t edge_count, bool points, const char *goal)
{
	struct wn_term terms[FEATURES];
	struct wn_model model = model_of(terms, points);
	double total[RUNS], ceiling[RUNS], score[RUNS], band[RUNS], rank[RUNS], dot[RUNS];
	struct backlog b;

	backlog_init(&b, rows, edge_count, points);
	run(&b, &model); /* warms up */
	for (size_t i = 0; i < RUNS; i++) {
		struct times t = run(&b, &model);

		total[i] = t.score + t.bands + t.rank;
		ceiling[i] = t.dot + t.sort;
		score[i] = t.score;
		band[i] = t.bands;
		rank[i] = t.rank;
		dot[i] = t.dot;
	}
	backlog_release(&b);
	print_row(name, median(total), median(ceiling), goal);
	printf("  of which score, bands, rank; the ceiling's dot product | %.1f, %.1f, %.1f ms | "
	       "%.1f ms | |\n",
		median(score), median(band), median(rank), median(dot));
}

/* ---- a whole decision ---- */

/* What a backlog needs beyond its columns to be decided on. */
struct setting {
	uint32_t *team;
	double *estimate;
	struct wn_rows blocks[MOST_BLOCKS];
	const double *columns[MOST_BLOCKS][FEATURES];
	double bounds[RULES];
	struct wn_test tests[RULES];
	struct wn_rule rules[RULES];
	struct wn_override overrides[OVERRIDES];
	struct wn_policy policy;
	struct wn_population population;
	struct wn_decide_input input;
};

static void setting_rows(struct setting *s, const struct backlog *b, uint64_t *state)
{
	size_t count = (b->rows + BLOCK_ROWS - 1) / BLOCK_ROWS;

	s->team = take(b->rows, sizeof(*s->team));
	s->estimate = take(b->rows, sizeof(*s->estimate));
	for (size_t i = 0; i < b->rows; i++) {
		s->team[i] = 1 + (uint32_t)(next_random(state) % 50);
		s->estimate[i] = 1 + 9 * next_unit(state);
	}
	for (size_t k = 0; k < count; k++) {
		size_t at = k * BLOCK_ROWS, left = b->rows - at;

		for (size_t c = 0; c < FEATURES; c++)
			s->columns[k][c] = b->columns[c] + at;
		s->blocks[k] = (struct wn_rows){.rows = left < BLOCK_ROWS ? left : BLOCK_ROWS,
			.columns = s->columns[k],
			.column_count = FEATURES};
		s->blocks[k].words[WN_TEAM] = s->team + at;
		s->blocks[k].numbers[WN_ESTIMATE] = s->estimate + at;
	}
	s->population = (struct wn_population){.rows = b->rows,
		.blocks = s->blocks,
		.block_count = count,
		.block_rows = BLOCK_ROWS,
		.candidate = b->candidate,
		.first_revision = b->first_revision,
		.id = (const unsigned char(*)[16])b->id,
		.edges = b->edges,
		.edge_count = b->edge_count};
}

/* Every effect that a rule can have, each on about one item in forty. */
static void setting_rules(struct setting *s)
{
	static const enum wn_effect effects[] = {WN_EXCLUDE, WN_HOLD, WN_PIN_TOP, WN_AT_LEAST_BAND,
		WN_AT_MOST_BAND, WN_NOT_ABOVE, WN_LIMIT, WN_SHARE_MOST, WN_SHARE_LEAST, WN_LIMIT};

	for (uint32_t r = 0; r < RULES; r++) {
		s->bounds[r] = 1.05;
		s->tests[r] = (struct wn_test){.op = WN_LE,
			.size = 1,
			.of = WN_OF_FEATURE,
			.index = r % FEATURES,
			.numbers = &s->bounds[r],
			.count = 1};
		s->rules[r] = (struct wn_rule){.effect = effects[r % 10],
			.tests = &s->tests[r],
			.test_count = 1,
			.from_s = -INFINITY,
			.until_s = INFINITY,
			.band = 1,
			.rank = 100,
			.most = 5,
			.share = 0.2,
			.per = r < 10 ? WN_PER_TEAM : WN_PER_WORKSPACE,
			.by_estimate = r == 19};
	}
	s->policy = (struct wn_policy){s->rules, RULES};
}

static void setting_overrides(struct setting *s, size_t rows, uint64_t *state)
{
	for (uint32_t i = 0; i < OVERRIDES; i++)
		s->overrides[i] =
			(struct wn_override){.kind = (enum wn_override_kind)(i % WN_OVERRIDE_KINDS),
				.row = (uint32_t)(next_random(state) % rows),
				.rank = 1 + (uint32_t)(next_random(state) % 1000),
				.delta = 4 * next_unit(state),
				.band = (uint8_t)(i % 3),
				.target = (uint32_t)(next_random(state) % rows),
				.revision = i};
}

static void decide_once(const struct setting *s, double *ms)
{
	struct wn_decision decision;
	double start = now_ms();

	if (!wn_decide(&s->input, &decision)) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	*ms = now_ms() - start;
	wn_decision_release(&decision);
}

/* A setting and all that it points to. */
struct whole {
	struct backlog backlog;
	struct wn_term terms[FEATURES];
	struct wn_model model;
	struct setting setting;
};

static struct whole *whole_new(size_t rows, size_t edge_count)
{
	struct whole *w = take(1, sizeof(*w));
	struct setting *s = &w->setting;
	uint64_t state = 2;

	w->model = model_of(w->terms, false);
	backlog_init(&w->backlog, rows, edge_count, false);
	setting_rows(s, &w->backlog, &state);
	setting_rules(s);
	setting_overrides(s, rows, &state);
	s->input = (struct wn_decide_input){.population = &s->population,
		.model = &w->model,
		.policy = &s->policy,
		.overrides = s->overrides,
		.override_count = OVERRIDES};
	run(&w->backlog, &w->model); /* warms up, and leaves the scores that the ceiling sorts */
	return w;
}

static void whole_free(struct whole *w)
{
	backlog_release(&w->backlog);
	free(w->setting.team);
	free(w->setting.estimate);
	free(w);
}

static void decision(const char *name, size_t rows, size_t edge_count, const char *goal)
{
	struct whole *w = whole_new(rows, edge_count);
	double total[RUNS], ceiling[RUNS];

	for (size_t i = 0; i < RUNS; i++) {
		double dot, sort;

		ceiling_once(&w->backlog, w->terms, &dot, &sort);
		ceiling[i] = dot + sort;
		decide_once(&w->setting, &total[i]);
	}
	whole_free(w);
	print_row(name, median(total), median(ceiling), goal);
}

/* A decision without rules, blockers and overrides, until the ids stand in its order. */
static void order_ids_once(const struct setting *s, unsigned char (*ids)[16], double *ms)
{
	const struct wn_population *population = s->input.population;
	struct wn_decision decision;
	double start = now_ms();

	if (!wn_decide(&s->input, &decision)) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	for (size_t i = 0; i < decision.order.count; i++)
		memcpy(ids[i], population->id[decision.order.order[i]], sizeof(*ids));
	*ms = now_ms() - start;
	wn_decision_release(&decision);
}

static void print_times(size_t rows)
{
	struct whole *w = whole_new(rows, rows / 5);
	unsigned char(*ids)[16] = take(rows, sizeof(*ids));
	double total[RUNS], plain[RUNS];
	struct setting bare = w->setting;

	bare.population.edge_count = 0;
	bare.input = (struct wn_decide_input){.population = &bare.population, .model = &w->model};
	for (size_t i = 0; i < RUNS; i++) {
		decide_once(&w->setting, &total[i]);
		order_ids_once(&bare, ids, &plain[i]);
	}
	free(ids);
	whole_free(w);
	printf("%.3f %.3f\n", median(total), median(plain));
}

/* ---- the same for PostgreSQL ---- */

static void put_number(uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		putchar_unlocked((int)(value >> 8 * bytes & 255));
}

/* An id and the features; what is unknown as the end of the bounds that the model counts. */
static void write_rows(size_t rows)
{
	static const char signature[] = "PGCOPY\n\377\r\n";
	struct wn_term terms[FEATURES];
	struct backlog b;

	model_of(terms, false);
	backlog_init(&b, rows, 0, false);
	fwrite(signature, 1, sizeof(signature), stdout);
	put_number(0, 8); /* no flags, no more header */
	for (size_t i = 0; i < rows; i++) {
		put_number(1 + FEATURES, 2);
		put_number(8, 4);
		put_number(i, 8);
		for (size_t c = 0; c < FEATURES; c++) {
			double x = b.columns[c][i];
			uint64_t bits;

			if (isnan(x))
				x = terms[c].lower_is_better ? terms[c].upper : terms[c].lower;
			memcpy(&bits, &x, sizeof(bits));
			put_number(8, 4);
			put_number(bits, 8);
		}
	}
	put_number(UINT16_MAX, 2);
	backlog_release(&b);
}

/* Without its constant part, and each term as one product. */
static void write_sum(void)
{
	struct wn_term terms[FEATURES];

	model_of(terms, false);
	for (size_t c = 0; c < FEATURES; c++) {
		double weight = terms[c].weight;

		if (terms[c].scale == WN_SCALE_UNIT)
			weight /= terms[c].upper - terms[c].lower;
		printf("%s%g::float8 * f%zu", c ? " + " : "",
			terms[c].lower_is_better ? -weight : weight, c);
	}
	putchar('\n');
}

/* ---- fronts ---- */

/* Beside a plain sort of the same values, one objective after the other. */
static void fronts(const char *name, size_t points, size_t objectives)
{
	const double *columns[WN_PARETO_MAX_OBJECTIVES];
	double *values = take(objectives * points, sizeof(*values));
	uint32_t *front = take(points, sizeof(*front));
	struct pair *pairs = take(2 * points, sizeof(*pairs));
	double total[FRONT_RUNS], ceiling[FRONT_RUNS];
	uint64_t state = 3;

	for (size_t i = 0; i < objectives * points; i++)
		values[i] = next_unit(&state);
	for (size_t k = 0; k < objectives; k++)
		columns[k] = values + k * points;
	for (size_t i = 0; i < FRONT_RUNS; i++) {
		double start = now_ms();

		for (size_t k = 0; k < objectives; k++)
			plain_radix_sort(columns[k], points, pairs, pairs + points);
		ceiling[i] = now_ms() - start;
		if (!wn_pareto_fronts(columns, objectives, points, front)) {
			fputs("out of memory\n", stderr);
			exit(1);
		}
		total[i] = now_ms() - start - ceiling[i];
	}
	free(values);
	free(front);
	free(pairs);
	print_row(name, median_of(total, FRONT_RUNS), median_of(ceiling, FRONT_RUNS), "< 1000 ms");
}

static void print_table(void)
{
	puts("figure | value | ceiling | ratio | goal");
	figure("rank 100,000 x 20", 100000, 0, false, "< 30 ms");
	figure("rank 1,000,000 x 20, 200,000 edges", 1000000, 200000, false, "ratio <= 4");
	figure("rank 1,000,000 x 20, points with many ties", 1000000, 0, true, "-");
	decision("decide 1,000,000 x 20, 200,000 edges, 20 rules, 1,000 overrides", 1000000, 200000,
		"ratio <= 4");
	fronts("fronts of 100,000 x 3; a plain sort of each", 100000, 3);
	fronts("fronts of 1,000,000 x 2; a plain sort of each", 1000000, 2);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	size_t rows = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (argc == 1) {
		print_table();
	} else if (strcmp(what, "decide") == 0 && rows > 0) {
		print_times(rows);
	} else if (strcmp(what, "rows") == 0 && rows > 0) {
		write_rows(rows);
	} else if (strcmp(what, "sum") == 0) {
		write_sum();
	} else {
		fputs("bench_engine [decide ROWS | rows ROWS | sum]\n", stderr);
		return 2;
	}
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
