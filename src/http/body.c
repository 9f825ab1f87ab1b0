/*
 * Bytes of a body, coded or not. Nothing here knows what they say.
 */
#include "http/body.h"

/* What a stream inflates to has no limit, and many whole bodies can be sent at a time, so what it costs to
 * inflate has: text that people and trackers write shrinks to a tenth, or a fiftieth; a thousandth is a bomb. */
enum { RATIO_FREE_STREAM_BYTES = 4 << 20, RATIO_FREE_BYTES = 256 << 10, RATIO_MAX = 256 };

const char body_cut_off[] = "The body ends before its gzip does.";

static const char malformed[] = "The body is not well-formed gzip.";

static bool is_bomb(const struct gunzip *gunzip, size_t free_bytes)
{
	return gunzip_made(gunzip) > free_bytes &&
	       gunzip_made(gunzip) / RATIO_MAX > gunzip_used(gunzip);
}

static enum error refuse_bomb(struct diag *diag)
{
	diag_add(diag, "", "The body inflates to more than %d times its size.", RATIO_MAX);
	return ERR_TOO_LARGE;
}

static enum error refuse_size(struct request *request, const char *how)
{
	diag_add(&request->diag, "", "The body has more than %zu bytes%s.",
		request->route->body_bytes, how);
	return ERR_TOO_LARGE;
}

/* ---- in lines ---- */

static size_t take_lines(
	struct exchange *exchange, const char *data, size_t bytes, enum action *action)
{
	size_t taken = lines_push(&exchange->lines, data, bytes);

	if (exchange->lines.chunk.failed) {
		exchange_give_up(exchange, ERR_NO_MEMORY);
		return bytes;
	}
	if (lines_full(&exchange->lines))
		*action = ACTION_WORK;
	return taken;
}

/* False: all that was given is used up, or there is no going on. */
static bool inflate_more(struct exchange *exchange)
{
	struct diag *diag = &exchange->request.diag;

	switch (gunzip_take(exchange->gunzip, &exchange->inflated)) {
	case GUNZIP_BYTES: break;
	case GUNZIP_MORE: return false;
	case GUNZIP_MALFORMED:
		diag_add(diag, "", "%s", malformed);
		exchange_give_up(exchange, ERR_BAD_REQUEST);
		return false;
	case GUNZIP_NO_MEMORY: exchange_give_up(exchange, ERR_NO_MEMORY); return false;
	}
	if (!is_bomb(exchange->gunzip, RATIO_FREE_STREAM_BYTES))
		return true;
	exchange_give_up(exchange, refuse_bomb(diag));
	return false;
}

/*
 * What one byte of the body inflates to can be more than a chunk of a stream takes. Then that byte is
 * owed: the server offers it again, and so comes back for what is left.
 */
static size_t take_coded_lines(
	struct exchange *exchange, const char *data, size_t bytes, enum action *action)
{
	size_t left;

	gunzip_give(exchange->gunzip, data + exchange->owed, bytes - exchange->owed);
	exchange->owed = 0;
	while (*action == ACTION_READ && exchange->step == STEP_BODY) {
		struct str *made = &exchange->inflated;
		size_t taken;

		if (made->len == 0 && !inflate_more(exchange))
			return bytes;
		taken = take_lines(exchange, made->ptr, made->len, action);
		made->ptr += taken;
		made->len -= taken;
	}
	if (exchange->step != STEP_BODY)
		return bytes;
	left = gunzip_left(exchange->gunzip);
	if (left == 0)
		left = exchange->owed = 1;
	return bytes - left;
}

/* ---- whole ---- */

static size_t take_bytes(struct exchange *exchange, const char *data, size_t bytes)
{
	struct request *request = &exchange->request;

	if (bytes > request->route->body_bytes - exchange->body.len) {
		exchange_give_up(exchange, refuse_size(request, ""));
		return bytes;
	}
	buf_append(&exchange->body, data, bytes);
	if (exchange->body.failed)
		exchange_give_up(exchange, ERR_NO_MEMORY);
	return bytes;
}

size_t body_take(struct exchange *exchange, const char *data, size_t bytes, enum action *action)
{
	if (!exchange->stream)
		return take_bytes(exchange, data, bytes);
	return exchange->gunzip ? take_coded_lines(exchange, data, bytes, action)
				: take_lines(exchange, data, bytes, action);
}

/* Appends all that the body inflates to. */
static enum error inflate_into(struct request *request, struct gunzip *gunzip, struct buf *out)
{
	struct str made;

	for (;;) {
		switch (gunzip_take(gunzip, &made)) {
		case GUNZIP_BYTES: break;
		case GUNZIP_NO_MEMORY: return ERR_NO_MEMORY;
		case GUNZIP_MALFORMED:
			diag_add(&request->diag, "", "%s", malformed);
			return ERR_BAD_REQUEST;
		case GUNZIP_MORE:
			if (gunzip_whole(gunzip))
				return ERR_OK;
			diag_add(&request->diag, "", "%s", body_cut_off);
			return ERR_BAD_REQUEST;
		}
		if (is_bomb(gunzip, RATIO_FREE_BYTES))
			return refuse_bomb(&request->diag);
		if (made.len > request->route->body_bytes - out->len)
			return refuse_size(request, ", inflated");
		buf_str(out, made);
		if (out->failed)
			return ERR_NO_MEMORY;
	}
}

enum error body_inflate(struct exchange *exchange)
{
	struct buf inflated = BUF_INIT;
	struct gunzip *gunzip;
	enum error error;

	if (!exchange->coded)
		return ERR_OK;
	gunzip = gunzip_new();
	if (!gunzip)
		return ERR_NO_MEMORY;
	gunzip_give(gunzip, exchange->body.data, exchange->body.len);
	error = inflate_into(&exchange->request, gunzip, &inflated);
	gunzip_free(gunzip);
	if (error) {
		buf_release(&inflated);
		return error;
	}
	buf_release(&exchange->body);
	exchange->body = inflated;
	exchange->request.body = buf_view(&exchange->body);
	exchange->coded = false;
	return ERR_OK;
}
