/*
 * What an approval names: which version of the item, ranked by which model under which policy.
 */
#include "codec/review_digest.h"

#include "codec/json_writer.h"

bool review_digest(const struct uuid *item, int64_t item_revision, int64_t model_version,
	int64_t policy_version, struct sha256 *out)
{
	struct json_writer json;
	struct buf text = BUF_INIT;
	bool good;

	json_writer_init(&json, &text);
	json_object_begin(&json);
	json_put(&json, "item", uuid, item);
	json_put(&json, "item_revision", int, item_revision);
	json_put(&json, "model", int, model_version);
	if (policy_version > 0)
		json_put(&json, "policy", int, policy_version);
	else
		json_put(&json, "policy", text, NULL);
	json_object_end(&json);
	good = !text.failed && sha256_of(text.data, text.len, out);
	buf_release(&text);
	return good;
}
