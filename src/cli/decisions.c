/*
 * What commands about people's decisions share: how items and times are shown, and when a decision ends.
 */
#include "cli/decisions.h"

#include <string.h>

#include "base/clock.h"
#include "base/num.h"

enum { MAX_AMOUNT = 1000000 };

void decision_put_item(struct buf *out, const struct json_view *item)
{
	if (json_view_text(item, "external_id").len > 0)
		buf_printf(out, "%.*s/%.*s", STR_ARG(json_view_text(item, "source")),
			STR_ARG(json_view_text(item, "external_id")));
	else
		buf_str(out, json_view_text(item, "id"));
}

void decision_put_time(struct buf *out, struct str time)
{
	int64_t at_us;
	char text[32];

	if (time_parse_rfc3339(time, &at_us))
		buf_puts(out, time_to_text(at_us - at_us % US_PER_S, text));
	else
		buf_str(out, time);
}

/* "14d" from now on. */
static bool parse_span(const char *text, int64_t *until_us)
{
	static const char units[] = "mhdw";
	static const int64_t seconds[] = {60, 3600, 86400, 7 * 86400};
	size_t len = strlen(text);
	const char *unit = len > 1 ? strchr(units, text[len - 1]) : NULL;
	uint64_t amount;

	if (!unit || !num_parse_u64((struct str){text, len - 1}, &amount) || amount == 0 ||
		amount > MAX_AMOUNT)
		return false;
	*until_us =
		clock_now_us(&clock_system) + (int64_t)amount * seconds[unit - units] * US_PER_S;
	return true;
}

bool decision_parse_until(const char *text, int64_t *until_us)
{
	struct buf whole = BUF_INIT;
	bool good;

	buf_puts(&whole, text);
	if (!strpbrk(text, "Tt"))
		buf_puts(&whole, "T00:00:00Z");
	good = !whole.failed && time_parse_rfc3339(buf_view(&whole), until_us);
	buf_release(&whole);
	return good;
}

enum cli_exit decision_end(
	const char *what, const char *for_span, const char *until, int64_t *until_us)
{
	if (!for_span == !until) {
		cli_error("%s ends: give --for or --until", what);
		return CLI_USAGE;
	}
	if (for_span && !parse_span(for_span, until_us)) {
		cli_error("'%s' is no span of time: give a number and m, h, d or w, such as 14d",
			for_span);
		return CLI_USAGE;
	}
	if (until && !decision_parse_until(until, until_us)) {
		cli_error("'%s' is no time: give 2027-01-31, or 2027-01-31T12:00:00Z", until);
		return CLI_USAGE;
	}
	return CLI_OK;
}

void decision_print(const char *label, const struct json_view *value,
	void (*put)(struct buf *out, const struct json_view *value))
{
	struct buf text = BUF_INIT;

	put(&text, value);
	cli_print_pair(label, buf_view(&text));
	buf_release(&text);
}
