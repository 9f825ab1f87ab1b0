/*
 * An effect as people read it: first what moves, then what else comes of it, then the streams.
 */
#include "cli/effect.h"

static const struct table_column stream_columns[] = {
	{"STREAM", TABLE_LEFT, 16, 0},
	{"BEFORE", TABLE_RIGHT, 0, 0},
	{"AFTER", TABLE_RIGHT, 0, 0},
};

static void show_moves(const struct json_view *effect)
{
	const struct json_view *churn = json_view_get(effect, "churn");
	struct buf text = BUF_INIT;

	buf_printf(&text, "%lld of %lld items, %lld come in, %lld go out",
		(long long)json_view_int(effect, "moved_count", 0),
		(long long)json_view_int(effect, "count", 0),
		(long long)json_view_int(effect, "added_count", 0),
		(long long)json_view_int(effect, "removed_count", 0));
	cli_print_pair("moved", buf_view(&text));
	buf_reset(&text);
	buf_printf(&text, "%lld in, %lld out of the first %lld",
		(long long)json_view_int(churn, "entered", 0),
		(long long)json_view_int(churn, "left", 0),
		(long long)json_view_int(churn, "top", 0));
	cli_print_pair("churn", buf_view(&text));
	buf_reset(&text);
	cli_put_ratio(&text, json_view_number(effect, "tau"));
	cli_print_pair("tau", buf_view(&text));
	buf_release(&text);
}

static void show_bands(const struct json_view *bands)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_view_count(bands); i++) {
		const struct json_view *band = json_view_at(bands, i);

		buf_reset(&text);
		buf_printf(&text, "%.*s to %.*s: %lld", STR_ARG(json_view_text(band, "from")),
			STR_ARG(json_view_text(band, "to")),
			(long long)json_view_int(band, "count", 0));
		cli_print_pair("band", buf_view(&text));
	}
	buf_release(&text);
}

static void put_rank(struct buf *out, int64_t rank)
{
	if (rank > 0)
		buf_printf(out, "rank %lld", (long long)rank);
	else
		buf_puts(out, "out of the queue");
}

/* What becomes of an override, and of its item. */
static void show_override(const struct json_view *effect)
{
	const struct json_view *item = json_view_get(effect, "item");
	struct buf text = BUF_INIT;

	if (json_view_get(effect, "fate"))
		cli_print_pair("fate", json_view_text(effect, "fate"));
	if (item) {
		put_rank(&text, json_view_int(item, "was", 0));
		buf_puts(&text, " before, ");
		put_rank(&text, json_view_int(item, "rank", 0));
		buf_puts(&text, " after");
		cli_print_pair("the item", buf_view(&text));
	}
	buf_release(&text);
}

static void show_clocks(const struct json_view *sla)
{
	const struct json_view *breached = json_view_get(sla, "breached");
	struct buf text = BUF_INIT;

	if (!sla)
		return;
	buf_printf(&text, "%lld change; %lld breached before, %lld after",
		(long long)json_view_int(sla, "changed", 0),
		(long long)json_view_int(breached, "before", 0),
		(long long)json_view_int(breached, "after", 0));
	cli_print_pair("clocks", buf_view(&text));
	buf_release(&text);
}

static void show_planned(const struct json_view *planned)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_view_count(planned); i++) {
		const struct json_view *stream = json_view_at(planned, i);

		buf_reset(&text);
		buf_printf(&text, "%.*s: ", STR_ARG(json_view_text(stream, "stream")));
		json_view_write(&text, json_view_get(stream, "before"));
		buf_puts(&text, " to ");
		json_view_write(&text, json_view_get(stream, "after"));
		cli_print_pair("planned", buf_view(&text));
	}
	buf_release(&text);
}

static enum cli_exit show_streams(const struct cli *cli, const struct json_view *streams)
{
	struct table table;
	enum cli_exit code;

	if (json_view_count(streams) == 0)
		return CLI_OK;
	table_init(&table, stream_columns, sizeof stream_columns / sizeof *stream_columns);
	for (size_t i = 0; i < json_view_count(streams); i++) {
		const struct json_view *stream = json_view_at(streams, i);

		table_put(&table, json_view_text(stream, "stream"));
		table_printf(&table, "%.1f %%", 100 * json_view_number(stream, "share_before"));
		table_printf(&table, "%.1f %%", 100 * json_view_number(stream, "share_after"));
	}
	cli_printf("\n");
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

enum cli_exit effect_show(const struct cli *cli, const struct json_view *effect)
{
	if (json_view_get(effect, "churn")) {
		show_moves(effect);
		show_bands(json_view_get(effect, "bands"));
	}
	show_override(effect);
	show_clocks(json_view_get(effect, "sla"));
	show_planned(json_view_get(effect, "planned"));
	if (json_view_get(effect, "why"))
		cli_print_pair("why", json_view_text(effect, "why"));
	return show_streams(cli, json_view_get(effect, "streams"));
}
