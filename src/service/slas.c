/*
 * Rules on trial: the clocks of a ranking's rows beside those by a catalogue that nobody has written.
 */
#include "service/slas.h"

#include "base/clock.h"
#include "live/sla.h"
#include "service/heavy.h"
#include "service/reading.h"

static void count_row(struct sla_count *out, const struct sla_book *before,
	const struct sla_book *after, uint32_t row)
{
	struct wn_clock_reading was, will_be;
	int64_t now_s = out->as_of_us / US_PER_S;
	bool had = before && sla_read(before, row, now_s, &was);
	bool has = after && sla_read(after, row, now_s, &will_be);
	bool was_breached = had && was.state == WN_CLOCK_BREACHED;
	bool breached = has && will_be.state == WN_CLOCK_BREACHED;

	out->clocks_before += had;
	out->clocks_after += has;
	out->breached_before += was_breached;
	out->breached_after += breached;
	out->newly_breached += breached && !was_breached;
	out->no_longer_breached += was_breached && !breached;
	if (had && has)
		out->changed += was.state != will_be.state || was.left_s != will_be.left_s ||
				was.due_s != will_be.due_s ||
				!str_eq(sla_rule_of(before, row)->id, sla_rule_of(after, row)->id);
	else
		out->changed += had || has;
}

/* The ranking's own log where it tells enough; else the history is read. *log is a reference. */
static enum error find_log(const struct call *call, const struct ranking *ranking,
	const struct sla_rules *slas, struct status_log **log)
{
	struct reading reading;
	enum error error;

	if (ranking->slas && status_log_fits(ranking->slas->log, slas)) {
		*log = ranking->slas->log;
		status_log_ref(*log);
		return ERR_OK;
	}
	error = reading_begin(call, &reading);
	if (!error) {
		const struct status_reading all = {
			.conn = reading.conn,
			.workspace = &call->workspace,
			.index = ranking->index,
			.upto = ranking->revision,
		};

		error = status_log_read(&all, NULL, slas, log);
		reading_end(&reading);
	}
	return error;
}

enum error sla_book_by(const struct call *call, const struct ranking *ranking,
	const struct catalog *catalog, struct sla_book **out)
{
	const struct sla_rules *slas = catalog->slas;
	struct status_log *log;
	enum error error;

	*out = NULL;
	if (!slas || slas->rule_count == 0)
		return ERR_OK;
	error = find_log(call, ranking, slas, &log);
	if (error)
		return error;
	*out = sla_book_new(ranking, catalog, log);
	status_log_unref(log);
	return *out ? ERR_OK : ERR_NO_MEMORY;
}

void sla_count_by(const struct ranking *ranking, const struct sla_book *after, int64_t as_of_us,
	struct sla_count *out)
{
	*out = (struct sla_count){.as_of_us = as_of_us};
	for (uint32_t row = 0; row < ranking->rows; row++) {
		if (ranking->candidates[row])
			count_row(out, ranking->slas, after, row);
	}
}

static enum error count_in(const struct call *call, const struct ranking *ranking,
	const struct catalog *catalog, struct sla_count *out)
{
	struct sla_book *after;
	enum error error = sla_book_by(call, ranking, catalog, &after);

	if (!error)
		sla_count_by(ranking, after, clock_now_us(call->service->clock), out);
	sla_book_free(after);
	return error;
}

enum error sla_try(const struct call *call, const struct ranking *ranking,
	const struct document_put *put, struct sla_count *out)
{
	struct catalog *catalog;
	enum error error = document_candidate(call, put, &catalog);

	if (error)
		return error;
	error = heavy_begin(call, HEAVY_MEMORY);
	if (!error) {
		error = count_in(call, ranking, catalog, out);
		heavy_end(call, HEAVY_MEMORY);
	}
	catalog_unref(catalog);
	return error;
}
