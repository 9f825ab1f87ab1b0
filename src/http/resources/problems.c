/*
 * The pages that problem types point to, made of the error table, so that following the `type` of
 * an answer leads a person to an explanation.
 */
#include "http/problem.h"
#include "http/resources/tables.h"

static const char page_head[] =
	"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" "
	"content=\"width=device-width\">\n<title>%s</title>\n</head>\n<body>\n";
static const char page_foot[] = "</body>\n</html>\n";

/* The table's texts are ours, but one may well hold a '<' or '&' some day. */
static void put_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<': buf_puts(out, "&lt;"); break;
		case '>': buf_puts(out, "&gt;"); break;
		case '&': buf_puts(out, "&amp;"); break;
		default: buf_putc(out, *text);
		}
	}
}

static void begin_page(struct request *request, struct response *response, const char *title)
{
	response->content_type = "text/html; charset=utf-8";
	response_header(response, request, "Cache-Control", "public, max-age=3600");
	response_header(response, request, "Content-Security-Policy",
		"default-src 'none'; frame-ancestors 'none'");
	buf_printf(&response->body, page_head, title);
}

static enum error get_problem(struct request *request, struct response *response)
{
	enum error code = error_by_slug(request->params[0]);
	const struct error_info *info = error_info(code);

	if (code == ERR_OK)
		return ERR_NOT_FOUND;
	begin_page(request, response, info->slug);
	buf_puts(&response->body, "<h1>");
	put_text(&response->body, info->title);
	buf_printf(&response->body, "</h1>\n<p>Type <code>/problems/%s</code>, status %d.</p>\n<p>",
		info->slug, info->status);
	put_text(&response->body, problem_advice(code));
	buf_puts(&response->body, "</p>\n<p><a href=\"/problems\">All problem types</a></p>\n");
	buf_puts(&response->body, page_foot);
	return ERR_OK;
}

static enum error list_problems(struct request *request, struct response *response)
{
	begin_page(request, response, "Problem types");
	buf_puts(&response->body, "<h1>Problem types</h1>\n<ul>\n");
	for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
		const struct error_info *info = error_info((enum error)code);

		buf_printf(&response->body,
			"<li>%d <a href=\"/problems/%s\">%s</a>: ", info->status, info->slug,
			info->slug);
		put_text(&response->body, info->title);
		buf_puts(&response->body, "</li>\n");
	}
	buf_puts(&response->body, "</ul>\n");
	buf_puts(&response->body, page_foot);
	return ERR_OK;
}

static const struct route routes[] = {
	{.method = "GET",
		.path = "/problems",
		.flags = ROUTE_PUBLIC | ROUTE_MEMORY,
		.handle = list_problems},
	{.method = "GET",
		.path = "/problems/{slug}",
		.flags = ROUTE_PUBLIC | ROUTE_MEMORY,
		.handle = get_problem},
};

const struct route_table problem_routes = {routes, sizeof routes / sizeof *routes};
