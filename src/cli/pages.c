/*
 * No command that shows a list should care that the server gives it in parts.
 */
#include "cli/pages.h"

#include "cli/url.h"

struct walk {
	const struct buf *path;
	struct buf at; /* the path of the next page; empty at the end */
	enum cli_exit (*each)(void *arg, const struct json_view *page, bool *enough);
	void *arg;
};

static void to_next(struct walk *walk, const struct json_view *page, bool enough)
{
	struct str next = enough ? STR_NONE : json_view_text(page, "next");

	buf_reset(&walk->at);
	if (next.len == 0)
		return;
	buf_str(&walk->at, buf_view(walk->path));
	url_query(&walk->at, "cursor", next);
}

static enum cli_exit one_page(struct cli *cli, struct walk *walk)
{
	struct http_request request = {.method = "GET", .path = walk->at.data};
	struct http_response response = {0};
	struct json_view *page = NULL;
	enum cli_exit code = cli_call(cli, &request, &response);
	bool enough = false;

	if (code == CLI_OK) {
		page = cli_parse(&response);
		code = page ? walk->each(walk->arg, page, &enough) : CLI_REFUSED;
	}
	to_next(walk, page, enough);
	json_view_free(page);
	http_response_release(&response);
	return code;
}

enum cli_exit pages_walk(struct cli *cli, const struct buf *path,
	enum cli_exit (*each)(void *arg, const struct json_view *page, bool *enough), void *arg)
{
	struct walk walk = {.path = path, .each = each, .arg = arg};
	enum cli_exit code = CLI_OK;

	buf_str(&walk.at, buf_view(path));
	while (code == CLI_OK && walk.at.len > 0 && !walk.at.failed)
		code = one_page(cli, &walk);
	if (code == CLI_OK && (walk.at.failed || path->failed))
		code = cli_no_memory();
	buf_release(&walk.at);
	return code;
}

/* The members beside the list. */
static void open_object(struct page_printer *printer, const struct json_view *page, struct buf *out)
{
	const struct json_view *value;
	struct str key;
	void *cursor = NULL;

	buf_putc(out, '{');
	while (json_view_next(page, &cursor, &key, &value)) {
		if (str_is(key, printer->plural) || str_is(key, "next"))
			continue;
		/* Names of members are the API's own words: nothing in them to escape. */
		buf_printf(out, "\"%.*s\":", STR_ARG(key));
		json_view_write(out, value);
		buf_putc(out, ',');
	}
	buf_printf(out, "\"%s\":[", printer->plural);
	printer->opened = true;
}

enum cli_exit page_print(void *arg, const struct json_view *page, bool *enough)
{
	struct page_printer *printer = arg;
	const struct json_view *list = json_view_get(page, printer->plural);
	struct buf out = BUF_INIT;
	bool failed;

	if (!printer->opened)
		open_object(printer, page, &out);
	for (size_t i = 0; i < json_view_count(list) && printer->left > 0; i++) {
		if (printer->any)
			buf_putc(&out, ',');
		json_view_write(&out, json_view_at(list, i));
		printer->any = true;
		printer->left--;
	}
	*enough = printer->left == 0;
	failed = out.failed;
	cli_write(buf_view(&out));
	buf_release(&out);
	return failed ? cli_no_memory() : CLI_OK;
}

void page_print_end(const struct page_printer *printer)
{
	if (printer->opened)
		cli_write(STR("]}\n"));
}

enum cli_exit pages_print(struct cli *cli, const struct buf *path, const char *plural)
{
	struct page_printer printer = {.plural = plural, .left = INT64_MAX};
	enum cli_exit code = pages_walk(cli, path, page_print, &printer);

	page_print_end(&printer);
	return code;
}

enum cli_exit pages_show(
	struct cli *cli, const struct buf *path, const struct page_rows *rows, bool whole)
{
	struct table table;
	enum cli_exit code;

	if (cli->config.json)
		return pages_print(cli, path, rows->plural);
	table_init(&table, rows->columns, rows->column_count);
	code = pages_walk(cli, path, rows->put, &table);
	if (code == CLI_OK)
		code = cli_print_table(cli, &table, whole);
	table_release(&table);
	return code;
}
