/*
 * What a request was shown of sensitive data.
 */
#include "http/sensitive_read.h"

#include <string.h>

#include "service/access_log.h"

enum { FEATURES = 64, ROLES = 8 };

struct sensitive_read {
	unsigned keep_days;
	struct str features[FEATURES];
	size_t feature_count;
	struct uuid items[ACCESS_ITEMS_MAX];
	size_t item_count;
	int64_t items_in_all;
	struct str ranking;
	bool failed; /* memory is out */
};

/* Stands for one that there was no memory for. */
static struct sensitive_read none = {.failed = true};

struct sensitive_read *sensitive_read_new(struct request *request, unsigned keep_days)
{
	struct sensitive_read *read = arena_alloc(&request->arena, sizeof *read);

	if (!read) {
		request->read = &none;
		return NULL;
	}
	memset(read, 0, sizeof *read);
	read->keep_days = keep_days;
	return read;
}

static struct str copy_of(struct sensitive_read *read, struct request *request, struct str text)
{
	const char *copy = arena_strdup(&request->arena, text);

	read->failed |= !copy;
	return copy ? (struct str){copy, text.len} : STR_NONE;
}

void sensitive_read_feature(struct sensitive_read *read, struct request *request, struct str name)
{
	if (read->failed)
		return;
	for (size_t i = 0; i < read->feature_count; i++) {
		if (str_eq(read->features[i], name))
			return;
	}
	if (read->feature_count < FEATURES)
		read->features[read->feature_count++] = copy_of(read, request, name);
}

void sensitive_read_item(struct sensitive_read *read, const struct uuid *id)
{
	if (read->failed)
		return;
	read->items_in_all++;
	if (read->item_count < ACCESS_ITEMS_MAX)
		read->items[read->item_count++] = *id;
}

void sensitive_read_ranking(struct sensitive_read *read, struct request *request, const char *id)
{
	if (!read->failed)
		read->ranking = copy_of(read, request, str_from(id));
}

/* What was decoded may be any bytes; the log takes text. As far as there is room. */
static void put_clean(struct buf *out, struct str text)
{
	while (text.len > 0) {
		size_t bytes = str_utf8_char(text);
		bool plain = bytes > 0 && (unsigned char)*text.ptr >= ' ';

		if (out->len + (plain ? bytes : 1) > ACCESS_TARGET_MAX)
			return;
		if (plain)
			buf_append(out, text.ptr, bytes);
		else
			buf_putc(out, '?');
		bytes = bytes > 0 ? bytes : 1;
		text.ptr += bytes;
		text.len -= bytes;
	}
}

/* Path and query as they were understood. */
static struct str target_of(struct request *request)
{
	struct buf text = BUF_INIT;
	const char *copy;

	put_clean(&text, str_from(request->path));
	for (size_t i = 0; i < request->query_count; i++) {
		put_clean(&text, i == 0 ? STR("?") : STR("&"));
		put_clean(&text, request->query[i].name);
		if (!request->query[i].value.ptr)
			continue;
		put_clean(&text, STR("="));
		put_clean(&text, request->query[i].value);
	}
	copy = text.failed ? NULL : arena_strdup(&request->arena, buf_view(&text));
	buf_release(&text);
	return str_from(copy);
}

static size_t list_roles(uint32_t roles, struct str *out)
{
	size_t count = 0;

	for (uint32_t bit = 1; bit <= ROLE_OPERATOR; bit <<= 1) {
		if (roles & bit)
			out[count++] = str_from(role_name(bit));
	}
	return count;
}

enum error sensitive_read_log(struct request *request, int status)
{
	struct sensitive_read *read = request->read;
	struct access_log *log = request->service->access_log;
	struct str roles[ROLES];
	struct access_row row;
	int64_t now_us;
	char *actor;

	if (!read || !log || status >= 300 || strcmp(request->method, "HEAD") == 0)
		return ERR_OK;
	if (read->failed)
		return ERR_BUDGET;
	if (read->feature_count == 0)
		return ERR_OK;
	actor = arena_alloc(&request->arena, sizeof "token:" + UUID_TEXT_SIZE);
	if (!actor)
		return ERR_BUDGET;
	now_us = clock_now_us(request->clock);
	memcpy(actor, "token:", 6);
	uuid_to_text(&request->principal->token_id, actor + 6);
	row = (struct access_row){
		.workspace = request->workspace.id,
		.at_us = now_us,
		.expires_us = now_us + (int64_t)read->keep_days * 86400 * US_PER_S,
		.actor = str_from(actor),
		.roles = roles,
		.role_count = list_roles(request->roles, roles),
		.request_id = str_from(request->id),
		.method = str_from(request->method),
		.target = target_of(request),
		.ranking = read->ranking,
		.items = read->items,
		.item_count = read->item_count,
		.items_in_all = read->items_in_all,
		.features = read->features,
		.feature_count = read->feature_count,
	};
	return row.target.ptr ? access_log_put(log, &row) : ERR_BUDGET;
}
