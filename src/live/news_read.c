/*
 * Events as they are sent, and those who read them.
 */
#include "live/news_parts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "codec/audit_chain.h"
#include "codec/json_writer.h"

/* ---- events ---- */

static void put_text(struct json_writer *json, const char *key, struct str text)
{
	json_put(json, key, str, text.ptr ? text : STR(""));
}

void news_write_event(struct buf *out, const struct audit_record *record, bool full)
{
	struct json_writer json;

	buf_printf(out, "id: %lld\nevent: revision\ndata: ", (long long)record->revision);
	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "revision", int, record->revision);
	json_put(&json, "at", time, record->at_us);
	put_text(&json, "action", record->action);
	if (full) {
		put_text(&json, "actor", record->actor);
		put_text(&json, "subject", record->subject);
		put_text(&json, "request_id", record->request_id);
	}
	json_object_end(&json);
	buf_puts(out, "\n\n");
}

struct event *news_event_new(const struct audit_record *record)
{
	struct buf text = BUF_INIT;
	struct event *event = NULL;
	size_t full_bytes;

	news_write_event(&text, record, true);
	full_bytes = text.len;
	news_write_event(&text, record, false);
	if (!text.failed)
		event = malloc(sizeof *event + text.len);
	if (event) {
		event->full_bytes = full_bytes;
		event->lean_bytes = text.len - full_bytes;
		memcpy(event->text, text.data, text.len);
	}
	buf_release(&text);
	return event;
}

/* ---- reading ---- */

enum error news_open(struct news *news, const struct uuid *workspace, struct news_reader *reader)
{
	struct news_place *place;
	enum error error = ERR_NO_MEMORY;

	pthread_mutex_lock(&news->mutex);
	place = news_place_get(news, workspace);
	if (place && !place->events)
		place->events = calloc(news->config.kept, sizeof(struct event *));
	if (place && place->events) {
		if (place->readers++ == 0)
			place->session++;
		news->reader_count++;
		reader->place = place;
		reader->era = place->era;
		news_poke(news);
		error = ERR_OK;
	}
	pthread_mutex_unlock(&news->mutex);
	if (!error)
		metric_add(METRIC_streams_open, 1);
	return error;
}

void news_close(struct news *news, struct news_reader *reader)
{
	struct news_place *place = reader->place;

	if (!place)
		return;
	reader->place = NULL;
	pthread_mutex_lock(&news->mutex);
	news->reader_count--;
	if (--place->readers == 0) {
		news_place_drop_events(news, place);
		free(place->events);
		place->events = NULL;
		place->known = place->hashed = false;
	}
	pthread_mutex_unlock(&news->mutex);
	metric_add(METRIC_streams_open, -1);
}

/* Told behind the revision that it shows. */
static bool has_ranking(const struct news_reader *reader)
{
	const struct news_place *place = reader->place;

	return place->ranking[0] && place->ranking_revision <= reader->last &&
	       strcmp(place->ranking, reader->ranking) != 0;
}

bool news_has(const struct news *news, const struct news_reader *reader)
{
	const struct news_place *place = reader->place;

	if (news->ended)
		return true;
	return place->known &&
	       (reader->era != place->era || reader->last < place->last || has_ranking(reader));
}

static size_t append_events(
	struct news *news, struct news_reader *reader, size_t most_bytes, struct buf *out)
{
	const struct news_place *place = reader->place;
	size_t told = 0;

	while (reader->last < place->last && out->len < most_bytes && !out->failed) {
		const struct event *event = *news_slot(news, place, ++reader->last);

		if (reader->full)
			buf_append(out, event->text, event->full_bytes);
		else
			buf_append(out, event->text + event->full_bytes, event->lean_bytes);
		told++;
	}
	return told;
}

static void append_ranking(struct news_reader *reader, struct buf *out)
{
	const struct news_place *place = reader->place;

	memcpy(reader->ranking, place->ranking, sizeof reader->ranking);
	buf_printf(out, "event: ranking\ndata: {\"ranking\":\"%s\",\"revision\":%lld}\n\n",
		place->ranking, (long long)place->ranking_revision);
}

static enum news_state read_place(struct news *news, struct news_reader *reader, size_t most_bytes,
	struct buf *out, size_t *told)
{
	const struct news_place *place = reader->place;

	if (news->ended)
		return NEWS_OVER;
	if (!place->known)
		return NEWS_NOTHING;
	if (reader->era != place->era) {
		reader->era = place->era;
		reader->last = place->last;
		return NEWS_SET_BACK;
	}
	if (reader->last < place->last - (int64_t)place->count)
		return reader->live ? NEWS_LOST : NEWS_BEHIND;
	reader->live = true;
	*told = append_events(news, reader, most_bytes, out);
	if (has_ranking(reader)) {
		append_ranking(reader, out);
		(*told)++;
	}
	return *told > 0 ? NEWS_TOLD : NEWS_NOTHING;
}

enum news_state news_read(struct news *news, struct news_reader *reader, size_t most_bytes,
	struct buf *out, size_t *told)
{
	enum news_state state;

	*told = 0;
	pthread_mutex_lock(&news->mutex);
	state = read_place(news, reader, most_bytes, out, told);
	pthread_mutex_unlock(&news->mutex);
	return state;
}
