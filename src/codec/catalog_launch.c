/*
 * Launches: something went live, and a part of the capacity is kept back for what comes of it. When that
 * ends follows from the time alone, so no job has to end it.
 */
#include <math.h>

#include "base/clock.h"
#include "codec/catalog_contract.h"
#include "codec/catalog_internal.h"
#include "codec/json.h"

static const double DEFAULT_SHARE = 0.3, LEAST_SHARE = 0.25, MOST_SHARE = 0.4;

/* What the client says, as it says it. */
struct said {
	int64_t at_us;
	double share, days;
	struct str description;
};

static bool read_members(const json_t *json, struct arena *arena, struct diag *diag,
	struct said *said, struct launch *out)
{
	static const char *const keys[] = {"at", "share", "days", "stream", "description", NULL};
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, "", "A launch is a JSON object with at.");
		return false;
	}
	ok = json_only_keys(json, keys, "", diag);
	ok &= json_read_time(json, "at", true, "", diag, &said->at_us);
	ok &= json_read_number(
		json, "share", LEAST_SHARE, MOST_SHARE, false, "", diag, &said->share);
	ok &= json_read_number(json, "days", 1, LAUNCH_MAX_DAYS, false, "", diag, &said->days);
	ok &= json_read_text(
		json, "stream", 1, CATALOG_MAX_NAME, false, "", diag, arena, &out->stream);
	ok &= json_read_text(json, "description", 1, CATALOG_MAX_TEXT, false, "", diag, arena,
		&said->description);
	if (isnan(said->share))
		said->share = DEFAULT_SHARE;
	if (isnan(said->days))
		said->days = LAUNCH_DAYS;
	return ok;
}

static bool read_launch(const json_t *json, const struct catalog *catalog, bool stored,
	struct arena *arena, struct diag *diag, struct said *said, struct launch *out)
{
	if (!read_members(json, arena, diag, said, out))
		return false;
	if (!stored && out->stream.ptr && catalog_stream(catalog, out->stream) < 0) {
		diag_add(diag, "/stream", "This workspace has no stream \"%.*s\".",
			STR_ARG(out->stream));
		return false;
	}
	out->reserve.from_s = (double)said->at_us / US_PER_S;
	out->reserve.until_s = out->reserve.from_s + said->days * 86400;
	out->reserve.share = said->share;
	return true;
}

bool launch_read(const json_t *json, const struct catalog *catalog, bool stored,
	struct arena *arena, struct diag *diag, struct launch *out)
{
	struct said said = {0};

	return read_launch(json, catalog, stored, arena, diag, &said, out);
}

static json_t *launch_tree(const struct said *said, const struct launch *launch)
{
	json_t *tree = json_object();
	char at[32];
	int failed = !tree;

	failed |= json_object_set_new(tree, "at", json_string(time_to_text(said->at_us, at)));
	failed |= json_object_set_new(tree, "share", json_real(said->share));
	failed |= json_object_set_new(tree, "days", json_real(said->days));
	if (launch->stream.ptr)
		failed |= json_object_set_new(tree, "stream", catalog_text(launch->stream));
	if (said->description.ptr)
		failed |= json_object_set_new(tree, "description", catalog_text(said->description));
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

enum error launch_parse(const json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	struct launch launch = {0};
	struct said said = {0};
	bool ok = read_launch(json, catalog, false, arena, diag, &said, &launch);
	enum error err = catalog_verdict(ok, diag);

	return err ? err : catalog_body(launch_tree(&said, &launch), arena, body);
}

void launch_write(struct buf *out, const struct launch *launch)
{
	char until[32];

	buf_puts(out, "{\"name\":");
	json_canonical_str(out, launch->name);
	buf_printf(out, ",\"revision\":%lld,\"until\":\"%s\",", (long long)launch->revision,
		time_to_text(llround(launch->reserve.until_s * US_PER_S), until));
	buf_str(out, (struct str){launch->body.ptr + 1, launch->body.len - 1});
}

const struct launch *catalog_launch(const struct catalog *catalog, struct str name)
{
	for (size_t i = 0; i < catalog->launch_count; i++) {
		if (str_eq(catalog->launches[i].name, name))
			return &catalog->launches[i];
	}
	return NULL;
}

const struct launch *catalog_launch_at(const struct catalog *catalog, double now_s)
{
	struct wn_reserve reserves[LAUNCHES_MAX] = {0};
	size_t count = catalog->launch_count < LAUNCHES_MAX ? catalog->launch_count : LAUNCHES_MAX;
	size_t found;

	for (size_t i = 0; i < count; i++)
		reserves[i] = catalog->launches[i].reserve;
	found = wn_reserve_at(reserves, count, now_s);
	return found < count ? &catalog->launches[found] : NULL;
}
