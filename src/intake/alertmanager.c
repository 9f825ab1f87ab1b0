/*
 * Prometheus Alertmanager: the webhook (version 4), and what its API answers (GET /api/v2/alerts
 * and /api/v2/alerts/groups). Each alert is an item of its own, named by its fingerprint, so that
 * an alert that fires again finds its item.
 *
 * Shapes: prometheus.io/docs/alerting/latest/configuration/#webhook_config and Alertmanager's
 * api/v2/openapi.yaml.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "codec/item.h"
#include "intake/format.h"
#include "intake/item_json.h"

static const char expected[] =
	"This is not an Alertmanager webhook: expected an object with \"version\": \"4\" and a "
	"list "
	"\"alerts\", or the answer of GET /api/v2/alerts or /api/v2/alerts/groups.";

/* One run over a payload. An alert may be in several groups: each is taken once. */
struct reading {
	const struct intake_request *request;
	struct diag *diag;
	struct intake_result *out;
	struct str_map seen; /* keys are texts of the items */
};

struct label {
	struct str name, value;
};

/* One alert while it becomes an item. */
struct alert {
	const json_t *json;
	const char *pointer;
	struct label *labels; /* by name */
	size_t label_count;
	const char *state; /* "firing", "resolved", "active", "suppressed"; NULL: not said */
};

static int compare_labels(const void *a, const void *b)
{
	return str_cmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

/* All of an alert's labels are text; others are passed over. */
static bool read_labels(struct alert *alert)
{
	const json_t *labels = json_object_get(alert->json, "labels");

	alert->labels = calloc(json_object_size(labels) + 1, sizeof *alert->labels);
	if (!alert->labels)
		return false;
	for (void *at = json_object_iter((json_t *)labels); at;
		at = json_object_iter_next((json_t *)labels, at)) {
		const json_t *value = json_object_iter_value(at);

		if (!json_is_string(value))
			continue;
		alert->labels[alert->label_count++] =
			(struct label){{json_object_iter_key(at), json_object_iter_key_len(at)},
				{json_string_value(value), json_string_length(value)}};
	}
	qsort(alert->labels, alert->label_count, sizeof *alert->labels, compare_labels);
	return true;
}

static uint64_t fnv_text(uint64_t hash, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.ptr[i]) * 1099511628211u;
	return (hash ^ 0xff) * 1099511628211u;
}

/* As Prometheus makes it: FNV-1a (64 bits) over names and values in order of the names, each
 * followed by 0xff (prometheus/common, model/signature.go). Old Alertmanagers do not send it. */
static uint64_t fingerprint_of(const struct alert *alert)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < alert->label_count; i++) {
		hash = fnv_text(hash, alert->labels[i].name);
		hash = fnv_text(hash, alert->labels[i].value);
	}
	return hash;
}

static enum error put_identity(struct reading *reading, const struct alert *alert, json_t *item)
{
	const json_t *fingerprint = json_object_get(alert->json, "fingerprint");
	struct str source = reading->request->source;
	int failed;

	if (fingerprint && json_string_length(fingerprint) == 0) {
		diag_add(reading->diag, diag_key(reading->diag, alert->pointer, "fingerprint"),
			"The fingerprint names the alert; it must be a text that is not empty.");
		return ERR_INVALID;
	}
	if (!fingerprint && alert->label_count == 0) {
		diag_add(reading->diag, alert->pointer,
			"The alert has neither a fingerprint nor labels to make it of, so it "
			"cannot "
			"be told from others.");
		return ERR_INVALID;
	}
	failed = json_object_set_new(item, "source",
		source.ptr ? json_stringn(source.ptr, source.len) : json_string("alertmanager"));
	if (fingerprint)
		failed |= json_object_set(item, "external_id", (json_t *)fingerprint);
	else
		failed |= json_object_set_new(
			item, "external_id", json_sprintf("%016" PRIx64, fingerprint_of(alert)));
	return failed ? ERR_NO_MEMORY : ERR_OK;
}

/* Go's zero time stands for "not set". */
static bool is_set_time(const json_t *json)
{
	struct str text = {json_string_value(json), json_string_length(json)};

	return text.len > 0 && strncmp(text.ptr, "0001-01-01T", 11) != 0;
}

/*
 * When this state began: a newer state then beats an older one, also when messages overtake each
 * other, and the same state posted again changes nothing.
 */
static bool put_times(const struct alert *alert, json_t *item)
{
	const json_t *begins = json_object_get(alert->json, "startsAt");
	const json_t *ends = json_object_get(alert->json, "endsAt");
	bool resolved = alert->state && strcmp(alert->state, "resolved") == 0;
	const json_t *since = resolved && is_set_time(ends) ? ends : begins;

	if (is_set_time(begins) && !item_json_share(item, "created_at", begins))
		return false;
	return !is_set_time(since) || item_json_share(item, "updated_at", since);
}

static bool put_status(const struct reading *reading, const struct alert *alert, json_t *item)
{
	const char *ours;

	if (!alert->state)
		return true;
	ours = mapping_status(reading->request->mapping, alert->state);
	return json_object_set_new(item, "status", json_string(ours ? ours : alert->state)) == 0;
}

/* An alert is a machine's text: what is too long is cut, rather than an incident lost. */
static bool put_texts(const struct alert *alert, json_t *item)
{
	const json_t *annotations = json_object_get(alert->json, "annotations");
	struct str title = member_text(annotations, "summary");
	struct str body = member_text(annotations, "description");

	if (!title.ptr)
		title = member_text(json_object_get(alert->json, "labels"), "alertname");
	if (!title.ptr)
		title = STR("Alert without a name");
	if (!body.ptr)
		body = member_text(annotations, "message");
	return item_json_text(item, "title", title, ITEM_MAX_TITLE) &&
	       item_json_text(item, "body", body, ITEM_MAX_BODY);
}

static bool is_web(struct str url)
{
	return (url.len > 7 && strncasecmp(url.ptr, "http://", 7) == 0) ||
	       (url.len > 8 && strncasecmp(url.ptr, "https://", 8) == 0);
}

/* Templates put PromQL into these without escaping it. A URL that is cut would lead elsewhere, so
 * one that is too long is left out. */
static bool put_url(const struct alert *alert, json_t *item)
{
	struct str url = member_text(alert->json, "generatorURL");
	struct buf clean = BUF_INIT;
	bool ok;

	for (size_t i = 0; is_web(url) && i < url.len; i++) {
		unsigned char c = (unsigned char)url.ptr[i];

		if (c <= 0x20 || c == 0x7f || c == '"' || c == '<' || c == '>')
			buf_printf(&clean, "%%%02X", c);
		else
			buf_putc(&clean, url.ptr[i]);
	}
	ok = !clean.failed &&
	     item_json_text(item, "url",
		     clean.len > 0 && clean.len <= ITEM_MAX_URL ? buf_view(&clean) : STR_NONE,
		     ITEM_MAX_URL);
	buf_release(&clean);
	return ok;
}

/* "name=value" of every label, each cut to what a label may hold. */
static json_t *label_list(const struct alert *alert)
{
	json_t *list = json_array();
	struct buf text = BUF_INIT;

	for (size_t i = 0; list && i < alert->label_count; i++) {
		size_t len;

		buf_reset(&text);
		buf_str(&text, alert->labels[i].name);
		buf_putc(&text, '=');
		buf_str(&text, alert->labels[i].value);
		len = text.len;
		if (len > ITEM_MAX_NAME) {
			len = ITEM_MAX_NAME;
			while (len > 0 && ((unsigned char)text.data[len] & 0xc0) == 0x80)
				len--;
		}
		if (text.failed || json_array_append_new(list, json_stringn(text.data, len)) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	buf_release(&text);
	return list;
}

/* The mapping sees all labels, the item keeps as many as it may have. */
static bool put_labels(const struct reading *reading, const struct alert *alert, json_t *item)
{
	json_t *list = label_list(alert);

	if (!list || !mapping_apply(reading->request->mapping, list, NULL, 0, item)) {
		json_decref(list);
		return false;
	}
	while (json_array_size(list) > ITEM_MAX_LABELS)
		json_array_remove(list, json_array_size(list) - 1);
	return json_object_set_new(item, "labels", list) == 0;
}

/* The label "team" is what most rule files route by; a rule of the mapping beats it. */
static bool put_team(const struct alert *alert, json_t *item)
{
	struct str team = member_text(json_object_get(alert->json, "labels"), "team");

	if (!team.ptr || json_object_get(item, "team"))
		return true;
	return item_json_text(item, "team", team, ITEM_MAX_NAME);
}

static enum error fill_item(struct reading *reading, const struct alert *alert, json_t *item)
{
	enum error err = put_identity(reading, alert, item);

	if (err)
		return err;
	if (!put_times(alert, item) || !put_status(reading, alert, item) ||
		!put_texts(alert, item) || !put_url(alert, item) ||
		!put_labels(reading, alert, item) || !put_team(alert, item))
		return ERR_NO_MEMORY;
	return ERR_OK;
}

/* Takes the item's reference. */
static enum error add_item(struct reading *reading, json_t *item)
{
	struct str id = member_text(item, "external_id");

	if (str_map_get(&reading->seen, id) != MAP_NONE) {
		json_decref(item);
		reading->out->skipped++;
		reading->out->skipped_why = "the same alert was in another group";
		return ERR_OK;
	}
	if (json_array_append_new(reading->out->items, item) != 0 ||
		!str_map_put(&reading->seen, id, 1))
		return ERR_NO_MEMORY;
	return ERR_OK;
}

static enum error read_alert(struct reading *reading, const json_t *json, const char *pointer)
{
	const json_t *status = json_object_get(json, "status");
	struct alert alert = {.json = json, .pointer = pointer};
	json_t *item;
	enum error err = ERR_NO_MEMORY;

	if (!json_is_object(json)) {
		diag_add(reading->diag, pointer, "An alert is a JSON object.");
		return ERR_INVALID;
	}
	/* The webhook has a word there, the API an object. Old Alertmanagers say it once
	 * for all. */
	alert.state = json_string_value(
		json_is_object(status) ? json_object_get(status, "state") : status);
	if (!status)
		alert.state =
			json_string_value(json_object_get(reading->request->payload, "status"));
	item = json_object();
	if (item && read_labels(&alert))
		err = fill_item(reading, &alert, item);
	free(alert.labels);
	if (!err)
		return add_item(reading, item);
	json_decref(item);
	return err;
}

/* All faults are told: one bad alert does not hide the next. */
static enum error read_alerts(struct reading *reading, const json_t *alerts, const char *pointer)
{
	enum error worst = ERR_OK;

	for (size_t i = 0; i < json_array_size(alerts); i++) {
		enum error err = read_alert(
			reading, json_array_get(alerts, i), diag_index(reading->diag, pointer, i));

		if (err == ERR_NO_MEMORY)
			return err;
		if (err)
			worst = err;
	}
	return worst;
}

static enum error refuse_payload(struct reading *reading)
{
	diag_add(reading->diag, "", "%s", expected);
	return ERR_INVALID;
}

static bool is_group(const json_t *json)
{
	return json_is_array(json_object_get(json, "alerts"));
}

static enum error read_webhook(struct reading *reading)
{
	const json_t *payload = reading->request->payload;
	struct str version = member_text(payload, "version");

	if (!is_group(payload) || !version.ptr)
		return refuse_payload(reading);
	if (!str_is(version, "4")) {
		diag_add(reading->diag, "/version",
			"Alertmanager's webhook is understood in version 4, not in this one.");
		return ERR_INVALID;
	}
	return read_alerts(reading, json_object_get(payload, "alerts"), "/alerts");
}

/* Groups, or alerts as they are; their first element tells. */
static enum error read_list(struct reading *reading)
{
	const json_t *list = reading->request->payload;
	enum error worst = ERR_OK;

	if (json_array_size(list) == 0)
		return ERR_OK;
	if (json_is_object(json_object_get(json_array_get(list, 0), "labels")) &&
		!is_group(json_array_get(list, 0)) &&
		json_object_get(json_array_get(list, 0), "startsAt"))
		return read_alerts(reading, list, "");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *group = json_array_get(list, i);
		const char *pointer = diag_index(reading->diag, "", i);
		enum error err;

		if (!is_group(group))
			return refuse_payload(reading);
		err = read_alerts(reading, json_object_get(group, "alerts"),
			diag_key(reading->diag, pointer, "alerts"));
		if (err == ERR_NO_MEMORY)
			return err;
		if (err)
			worst = err;
	}
	return worst;
}

static enum error parse(
	const struct intake_request *request, struct diag *diag, struct intake_result *out)
{
	struct reading reading = {.request = request, .diag = diag, .out = out};
	enum error err;

	*out = (struct intake_result){.items = json_array()};
	if (!out->items)
		return ERR_NO_MEMORY;
	if (json_is_array(request->payload))
		err = read_list(&reading);
	else
		err = read_webhook(&reading);
	str_map_release(&reading.seen);
	if (err) {
		json_decref(out->items);
		*out = (struct intake_result){0};
	}
	return err;
}

/* An alert brings no counts. */
static const char *const signals[] = {NULL};
static const char *const statuses[] = {
	"firing", "resolved", "active", "suppressed", "unprocessed", NULL};

extern const struct source_format alertmanager_format;
const struct source_format alertmanager_format = {
	.name = "alertmanager",
	.default_source = "alertmanager",
	.title = "Prometheus Alertmanager",
	.terms = {.signals = signals, .statuses = statuses},
	.parse = parse,
};
