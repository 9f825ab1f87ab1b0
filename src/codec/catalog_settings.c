/*
 * A workspace's settings: its vocabularies of streams, kinds and statuses, the fields of items that are
 * sensitive, and the log of who read what is. The engine sees of a status only its class; the words are
 * the workspace's own.
 */
#include <stdio.h>

#include "base/clock.h"
#include "codec/catalog_internal.h"
#include "codec/finding_key.h"
#include "codec/item.h"
#include "codec/json.h"

static const char *const class_names[] = {
	[STATUS_TODO] = "todo",
	[STATUS_ACTIVE] = "active",
	[STATUS_DONE] = "done",
	[STATUS_DROPPED] = "dropped",
	NULL,
};

static bool read_words(const json_t *json, const char *key, struct arena *arena, struct diag *diag,
	const struct str **words, size_t *count)
{
	const char *pointer = diag_key(diag, "", key);
	bool ok = true;

	if (!json_read_texts(json, key, CATALOG_MAX_VOCABULARY, CATALOG_MAX_NAME, "", diag, arena,
		    words, count))
		return false;
	if (*count == 0) {
		diag_add(diag, pointer, "There must be at least one; list them all.");
		return false;
	}
	for (size_t i = 0; i < *count; i++)
		ok &= catalog_check_word((*words)[i], diag_index(diag, pointer, i), diag);
	return ok;
}

static bool read_status(const json_t *json, const char *pointer, struct arena *arena,
	struct diag *diag, struct status_definition *out)
{
	static const char *const keys[] = {"name", "class", NULL};
	bool ok = true;
	int class;

	if (!json_is_object(json)) {
		diag_add(diag, pointer, "A status is an object with name and class.");
		return false;
	}
	ok &= json_only_keys(json, keys, pointer, diag);
	ok &= catalog_read_word(json, "name", pointer, diag, arena, &out->name);
	ok &= catalog_read_choice(json, "class", class_names, -1, pointer, diag, &class);
	out->class = (enum status_class) class;
	return ok;
}

static bool check_statuses(
	const struct status_definition *statuses, size_t count, struct diag *diag)
{
	bool ok = true, todo = false;

	for (size_t i = 0; i < count; i++) {
		const char *pointer = diag_index(diag, "/statuses", i);

		todo |= statuses[i].class == STATUS_TODO;
		for (size_t j = 0; j < i; j++) {
			if (!str_eq(statuses[i].name, statuses[j].name))
				continue;
			diag_add(diag, diag_key(diag, pointer, "name"),
				"There is a status of this name already.");
			ok = false;
			break;
		}
	}
	if (todo)
		return ok;
	diag_add(diag, "/statuses",
		"At least one status must be of class \"todo\": the first is what new items get.");
	return false;
}

static bool read_statuses(
	const json_t *json, struct arena *arena, struct diag *diag, struct vocabulary *out)
{
	const json_t *list = json_object_get(json, "statuses");
	size_t count = json_array_size(list);
	struct status_definition *statuses;
	bool ok = true;

	if (count == 0 || count > CATALOG_MAX_VOCABULARY) {
		diag_add(diag, "/statuses",
			"This must be a list of 1 to %d statuses, each with name and class.",
			CATALOG_MAX_VOCABULARY);
		return false;
	}
	statuses = arena_array(arena, count, sizeof *statuses);
	if (!statuses)
		return false;
	for (size_t i = 0; i < count; i++)
		ok &= read_status(json_array_get(list, i), diag_index(diag, "/statuses", i), arena,
			diag, &statuses[i]);
	out->statuses = statuses;
	out->status_count = count;
	return ok && check_statuses(statuses, count, diag);
}

static bool read_sensitive_fields(
	const json_t *json, struct arena *arena, struct diag *diag, uint32_t *out)
{
	const struct str *names;
	size_t count;
	bool ok = true;

	*out = 0;
	if (!json_has(json, "sensitive_fields"))
		return true;
	if (!json_read_texts(json, "sensitive_fields", CATALOG_MAX_VOCABULARY, CATALOG_MAX_NAME, "",
		    diag, arena, &names, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		uint32_t field = item_field_from_name(names[i]) & ITEM_PERSONAL;

		*out |= field;
		if (field)
			continue;
		diag_add(diag, diag_index(diag, "/sensitive_fields", i),
			"Only title, body, url, assignee and reporter can be sensitive.");
		ok = false;
	}
	return ok;
}

static bool read_access_log(const json_t *json, struct diag *diag, struct access_log_settings *out)
{
	static const char *const keys[] = {"on", "keep_days", NULL};
	const json_t *value = json_object_get(json, "access_log");
	int64_t days = SETTINGS_ACCESS_LOG_DAYS;
	bool ok;

	*out = (struct access_log_settings){.keep_days = SETTINGS_ACCESS_LOG_DAYS};
	if (!json_has(json, "access_log"))
		return true;
	if (!json_is_object(value)) {
		diag_add(diag, "/access_log", "This is an object with on and keep_days.");
		return false;
	}
	ok = json_only_keys(value, keys, "/access_log", diag);
	ok &= json_read_bool(value, "on", true, "/access_log", diag, &out->on);
	ok &= json_read_int(value, "keep_days", 1, SETTINGS_MAX_ACCESS_LOG_DAYS, false,
		SETTINGS_ACCESS_LOG_DAYS, "/access_log", diag, &days);
	out->keep_days = (unsigned)days;
	return ok;
}

/* Kinds of findings, as bits. */
static bool read_finding_events(
	const json_t *json, struct arena *arena, struct diag *diag, uint32_t *out)
{
	const struct str *names;
	size_t count;
	bool ok = true;

	*out = 0;
	if (!json_has(json, "finding_events"))
		return true;
	if (!json_read_texts(json, "finding_events", FINDING_KINDS, CATALOG_MAX_NAME, "", diag,
		    arena, &names, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		enum finding_kind kind;

		if (finding_kind_from_name(names[i], &kind)) {
			*out |= FINDING_BIT(kind);
			continue;
		}
		diag_add(diag, diag_index(diag, "/finding_events", i),
			"There is no such kind of findings; docs/findings.md lists them.");
		ok = false;
	}
	return ok;
}

/* A day, YYYY-MM-DD. */
static bool read_sprint_start(
	const json_t *json, struct arena *arena, struct diag *diag, int64_t *out_s)
{
	struct str text = STR_NONE;
	char instant[32];
	int64_t us;

	*out_s = SETTINGS_SPRINT_START_S;
	if (!json_read_text(json, "sprint_start", 10, 10, false, "", diag, arena, &text))
		return false;
	if (!text.ptr)
		return true;
	snprintf(instant, sizeof instant, "%.*sT00:00:00Z", STR_ARG(text));
	if (!time_parse_rfc3339(str_from(instant), &us)) {
		diag_add(diag, "/sprint_start", "A day is expected: YYYY-MM-DD.");
		return false;
	}
	*out_s = us / US_PER_S;
	return true;
}

bool settings_read(
	const json_t *json, struct arena *arena, struct diag *diag, struct vocabulary *out)
{
	static const char *const keys[] = {"streams", "kinds", "statuses", "override_max_days",
		"sensitive_fields", "access_log", "review", "sprint_days", "sprint_start",
		"retention_days", "finding_events", NULL};
	int64_t override_days, sprint_days, retention_days;
	bool ok = true;

	*out = (struct vocabulary){0};
	if (!json_is_object(json)) {
		diag_add(diag, "", "Settings are a JSON object with streams, kinds and statuses.");
		return false;
	}
	ok &= json_only_keys(json, keys, "", diag);
	ok &= read_words(json, "streams", arena, diag, &out->streams, &out->stream_count);
	ok &= read_words(json, "kinds", arena, diag, &out->kinds, &out->kind_count);
	ok &= read_statuses(json, arena, diag, out);
	ok &= json_read_int(json, "override_max_days", 1, SETTINGS_MAX_OVERRIDE_DAYS, false,
		SETTINGS_OVERRIDE_DAYS, "", diag, &override_days);
	ok &= json_read_int(json, "sprint_days", 1, SETTINGS_MAX_SPRINT_DAYS, false,
		SETTINGS_SPRINT_DAYS, "", diag, &sprint_days);
	ok &= read_sprint_start(json, arena, diag, &out->sprint_start_s);
	out->override_max_days = (unsigned)override_days;
	ok &= read_sensitive_fields(json, arena, diag, &out->sensitive_fields);
	ok &= read_access_log(json, diag, &out->access_log);
	ok &= json_read_int(json, "retention_days", SETTINGS_MIN_RETENTION_DAYS,
		SETTINGS_MAX_RETENTION_DAYS, false, 0, "", diag, &retention_days);
	ok &= review_rules_read(json, out, arena, diag, &out->review);
	ok &= read_finding_events(json, arena, diag, &out->finding_events);
	out->sprint_days = (unsigned)sprint_days;
	return ok;
}

/* Every member was checked to be known, so the client's tree has the one form, but for what may be
 * left out and is null. */
enum error settings_parse(
	const json_t *json, struct arena *arena, struct diag *diag, struct str *body)
{
	static const char *const optional[] = {"override_max_days", "sensitive_fields",
		"access_log", "review", "sprint_days", "sprint_start", "retention_days",
		"finding_events"};
	struct vocabulary vocabulary;
	bool ok = settings_read(json, arena, diag, &vocabulary);
	enum error err = catalog_verdict(ok, diag);
	json_t *tree;

	if (err)
		return err;
	tree = json_deep_copy(json);
	for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
		if (json_is_null(json_object_get(tree, optional[i])))
			json_object_del(tree, optional[i]);
	}
	return catalog_body(tree, arena, body);
}
