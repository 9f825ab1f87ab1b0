/*
 * Which entries to the top need a person's approval: a member of the workspace's settings. Without it
 * nothing is reviewed.
 */
#include "codec/catalog_internal.h"
#include "codec/json.h"

static bool read_streams(const json_t *json, const struct vocabulary *words, struct diag *diag,
	int64_t fallback, int64_t *top)
{
	const json_t *streams = json_object_get(json, "streams");
	const char *pointer = "/review/streams", *name;
	json_t *value;
	bool ok = true;

	for (size_t i = 0; i < words->stream_count; i++)
		top[i] = fallback;
	if (!streams || json_is_null(streams))
		return true;
	if (!json_is_object(streams)) {
		diag_add(diag, pointer, "This is an object: of streams, how many of each.");
		return false;
	}
	json_object_foreach((json_t *)streams, name, value)
	{
		size_t i = 0;

		while (i < words->stream_count && !str_is(words->streams[i], name))
			i++;
		if (i == words->stream_count) {
			diag_add(diag, diag_key(diag, pointer, name),
				"These settings have no stream of this name.");
			ok = false;
			continue;
		}
		ok &= json_read_int(
			streams, name, 0, REVIEW_TOP_MOST, true, 0, pointer, diag, &top[i]);
	}
	return ok;
}

bool review_rules_read(const json_t *settings, const struct vocabulary *words, struct arena *arena,
	struct diag *diag, struct review_rules *out)
{
	static const char *const keys[] = {
		"top", "streams", "above", "escalate_after_hours", "escalate_to", NULL};
	const json_t *json = json_object_get(settings, "review");
	const char *at = "/review";
	int64_t *stream_top;
	bool ok;

	*out = (struct review_rules){.on = false};
	if (!json || json_is_null(json))
		return true;
	if (!json_is_object(json)) {
		diag_add(diag, at, "This is an object that says what needs an approval.");
		return false;
	}
	stream_top = arena_array(arena, words->stream_count, sizeof *stream_top);
	if (!stream_top)
		return false;
	out->on = true;
	out->stream_top = stream_top;
	ok = json_only_keys(json, keys, at, diag);
	ok &= json_read_int(
		json, "top", 0, REVIEW_TOP_MOST, false, REVIEW_TOP_DEFAULT, at, diag, &out->top);
	ok &= read_streams(json, words, diag, out->top, stream_top);
	ok &= json_read_int(
		json, "above", 0, 1000000, false, REVIEW_ABOVE_DEFAULT, at, diag, &out->above);
	ok &= json_read_int(json, "escalate_after_hours", 1, 8760, false, 0, at, diag,
		&out->escalate_after_hours);
	ok &= json_read_text(json, "escalate_to", 1, CATALOG_MAX_NAME, false, at, diag, arena,
		&out->escalate_to);
	if (ok && out->escalate_to.ptr && out->escalate_after_hours == 0) {
		diag_add(diag, "/review/escalate_after_hours", "Say after how many hours.");
		return false;
	}
	return ok;
}
