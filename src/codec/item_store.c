/*
 * The storable form: what of a record has no column of its own. Canonical JSON with short keys,
 * since every version of every item carries it; docs/audit.md tells them to those who read the
 * tables. A link is "<external id>" within the same source, else [source, external id].
 *
 * extra (hashed into the audit log, so nothing personal):
 *   a  artifacts: [kind, name] or [kind, name, version] each
 *   b  blocked_by: links, in the order of the column
 *   f  features of which more is known than the value: [id, {…}] each, with
 *        c  true: patched to nothing     e  evidence: m, e, a     o  observed at, µs
 *        p  true: patched                u  the source's value: n (number), e, o, r (revision),
 *                                           w (who)
 *   p  patched fields by name: the source's value, null where it is personal or there is none
 *   q  parent: a link
 *   r  which revision set the features that this one did not: [revision, id, id …] each
 *   v  source_version
 *   w  who asserted the features, as far as it is known: [token id, id, id …] each
 * notes (in the side table, may be erased):
 *   f  [id, {…}] each: j justification, t text, u {j, t} of the source's value
 *   p  the source's values of patched personal fields, by name
 */
#include <math.h>

#include "base/clock.h"
#include "codec/item_fields.h"
#include "codec/json.h"
#include "codec/json_writer.h"

static const char *const evidence_letters[] = {NULL, "m", "e", "a"};
enum { EVIDENCE_LETTERS = sizeof evidence_letters / sizeof *evidence_letters };

/* ---- writing ---- */

static void put_number(struct json_writer *json, double value)
{
	struct buf text = BUF_INIT;

	if (fabs(value) < 0x1p53) {
		json_number(json, value == 0 ? 0 : value);
		return;
	}
	json_canonical_number(&text, value);
	json_raw(json, buf_view(&text));
	json->out->failed |= text.failed;
	buf_release(&text);
}

static void put_link(
	struct json_writer *json, const struct item_record *record, const struct item_link *link)
{
	if (str_eq(link->source, record->source)) {
		json_str(json, link->external_id);
		return;
	}
	json_array_begin(json);
	json_str(json, link->source);
	json_str(json, link->external_id);
	json_array_end(json);
}

static void put_links(
	struct json_writer *json, const struct item_record *record, const struct item *item)
{
	json_array_begin(json);
	for (size_t i = 0; i < item->blocked_by_count; i++)
		put_link(json, record, &item->blocked_by[i]);
	json_array_end(json);
}

static void put_artifacts(struct json_writer *json, const struct item *item)
{
	json_array_begin(json);
	for (size_t i = 0; i < item->artifact_count; i++) {
		const struct item_artifact *artifact = &item->artifacts[i];

		json_array_begin(json);
		json_str(json, artifact->kind);
		json_str(json, artifact->name);
		if (artifact->version.ptr)
			json_str(json, artifact->version);
		json_array_end(json);
	}
	json_array_end(json);
}

static void put_labels(struct json_writer *json, const struct item *item)
{
	json_array_begin(json);
	for (size_t i = 0; i < item->label_count; i++)
		json_str(json, item->labels[i]);
	json_array_end(json);
}

static void put_field(struct json_writer *json, const struct item_record *record,
	const struct item *item, const struct item_field_spec *spec)
{
	if (!item_field_present(item, spec)) {
		json_nil(json);
		return;
	}
	switch (spec->type) {
	case ITEM_TYPE_TEXT: json_str(json, *item_text_of(item, spec)); break;
	case ITEM_TYPE_TIME: json_int(json, item_time_of(item, spec)); break;
	case ITEM_TYPE_ESTIMATE: put_number(json, item->estimate); break;
	case ITEM_TYPE_LABELS: put_labels(json, item); break;
	case ITEM_TYPE_LINKS: put_links(json, record, item); break;
	case ITEM_TYPE_LINK: put_link(json, record, &item->parent); break;
	case ITEM_TYPE_ARTIFACTS: put_artifacts(json, item); break;
	}
}

static bool has_leftovers(const struct feature_value *value)
{
	return value->cleared || value->patched || value->evidence != EVIDENCE_NONE ||
	       value->observed_us != TIME_NONE;
}

static void put_evidence(struct json_writer *json, const struct feature_value *value)
{
	if ((unsigned)value->evidence < EVIDENCE_LETTERS && evidence_letters[value->evidence])
		json_put(json, "e", text, evidence_letters[value->evidence]);
}

/* Whether it is known whose assertion it is. */
static bool is_claim(const struct feature_value *value)
{
	static const struct uuid nobody;

	return value->evidence == EVIDENCE_ASSERTED && uuid_cmp(&value->by, &nobody) != 0;
}

static void put_beneath(struct json_writer *json, const struct feature_value *beneath)
{
	json_object_begin(json);
	put_evidence(json, beneath);
	if (!isnan(beneath->number)) {
		json_key(json, "n");
		put_number(json, beneath->number);
	}
	if (beneath->observed_us != TIME_NONE)
		json_put(json, "o", int, beneath->observed_us);
	json_put(json, "r", int, beneath->revision);
	if (is_claim(beneath))
		json_put(json, "w", uuid, &beneath->by);
	json_object_end(json);
}

static void put_leftovers(struct json_writer *json, const struct feature_value *value)
{
	json_array_begin(json);
	json_int(json, value->id);
	json_object_begin(json);
	if (value->cleared)
		json_put(json, "c", bool, true);
	put_evidence(json, value);
	if (value->observed_us != TIME_NONE)
		json_put(json, "o", int, value->observed_us);
	if (value->patched)
		json_put(json, "p", bool, true);
	if (value->beneath) {
		json_key(json, "u");
		put_beneath(json, value->beneath);
	}
	json_object_end(json);
	json_array_end(json);
}

static void put_features(struct json_writer *json, const struct item *item)
{
	bool any = false;

	for (size_t i = 0; i < item->feature_count; i++) {
		if (!has_leftovers(&item->features[i]))
			continue;
		if (!any) {
			json_key(json, "f");
			json_array_begin(json);
			any = true;
		}
		put_leftovers(json, &item->features[i]);
	}
	if (any)
		json_array_end(json);
}

/* Whether no feature before this one has its revision. */
static bool is_first_of_revision(const struct item *item, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (item->features[i].revision == item->features[index].revision)
			return false;
	return true;
}

static void put_revisions(struct json_writer *json, const struct item_record *record)
{
	const struct item *item = &record->item;
	bool any = false;

	for (size_t i = 0; i < item->feature_count; i++) {
		int64_t revision = item->features[i].revision;

		if (revision == record->revision || !is_first_of_revision(item, i))
			continue;
		if (!any) {
			json_key(json, "r");
			json_array_begin(json);
			any = true;
		}
		json_array_begin(json);
		json_int(json, revision);
		for (size_t j = i; j < item->feature_count; j++)
			if (item->features[j].revision == revision)
				json_int(json, item->features[j].id);
		json_array_end(json);
	}
	if (any)
		json_array_end(json);
}

static bool is_first_of_claimant(const struct item *item, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (is_claim(&item->features[i]) &&
			uuid_cmp(&item->features[i].by, &item->features[index].by) == 0)
			return false;
	return true;
}

static void put_claimants(struct json_writer *json, const struct item *item)
{
	bool any = false;

	for (size_t i = 0; i < item->feature_count; i++) {
		const struct uuid *by = &item->features[i].by;

		if (!is_claim(&item->features[i]) || !is_first_of_claimant(item, i))
			continue;
		if (!any) {
			json_key(json, "w");
			json_array_begin(json);
			any = true;
		}
		json_array_begin(json);
		json_uuid(json, by);
		for (size_t j = i; j < item->feature_count; j++)
			if (is_claim(&item->features[j]) &&
				uuid_cmp(&item->features[j].by, by) == 0)
				json_int(json, item->features[j].id);
		json_array_end(json);
	}
	if (any)
		json_array_end(json);
}

static void put_patched(struct json_writer *json, const struct item_record *record)
{
	json_key(json, "p");
	json_object_begin(json);
	for (size_t i = 0; i < ITEM_FIELD_COUNT; i++) {
		unsigned index = item_fields_by_name[i];
		const struct item_field_spec *spec = &item_field_specs[index];
		uint32_t bit = UINT32_C(1) << index;

		if (!(record->patched & bit))
			continue;
		json_key(json, spec->name);
		if (bit & ITEM_PERSONAL)
			json_nil(json);
		else
			put_field(json, record, &record->beneath, spec);
	}
	json_object_end(json);
}

static void put_extra(struct buf *out, const struct item_record *record)
{
	const struct item *item = &record->item;
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	if (item->artifact_count > 0) {
		json_key(&json, "a");
		put_artifacts(&json, item);
	}
	if (item->blocked_by_count > 0) {
		json_key(&json, "b");
		put_links(&json, record, item);
	}
	put_features(&json, item);
	if (record->patched)
		put_patched(&json, record);
	if (item->parent.external_id.ptr) {
		json_key(&json, "q");
		put_link(&json, record, &item->parent);
	}
	put_revisions(&json, record);
	if (item->source_version.ptr)
		json_put(&json, "v", str, item->source_version);
	put_claimants(&json, item);
	json_object_end(&json);
}

static bool has_words(const struct feature_value *value)
{
	return value && (value->text.ptr || value->justification.ptr);
}

static void put_words(struct json_writer *json, const struct feature_value *value)
{
	json_object_begin(json);
	if (value->justification.ptr)
		json_put(json, "j", str, value->justification);
	if (value->text.ptr)
		json_put(json, "t", str, value->text);
	if (has_words(value->beneath)) {
		json_key(json, "u");
		put_words(json, value->beneath);
	}
	json_object_end(json);
}

static void put_notes_of_features(struct json_writer *json, const struct item *item)
{
	bool any = false;

	for (size_t i = 0; i < item->feature_count; i++) {
		const struct feature_value *value = &item->features[i];

		if (!has_words(value) && !has_words(value->beneath))
			continue;
		if (!any) {
			json_key(json, "f");
			json_array_begin(json);
			any = true;
		}
		json_array_begin(json);
		json_int(json, value->id);
		put_words(json, value);
		json_array_end(json);
	}
	if (any)
		json_array_end(json);
}

/* "{}" when there are none. */
static void put_notes(struct buf *out, const struct item_record *record)
{
	uint32_t personal = record->patched & ITEM_PERSONAL;
	struct json_writer json;
	bool any = false;

	json_writer_init(&json, out);
	json_object_begin(&json);
	put_notes_of_features(&json, &record->item);
	for (size_t i = 0; personal && i < ITEM_FIELD_COUNT; i++) {
		unsigned index = item_fields_by_name[i];
		const struct item_field_spec *spec = &item_field_specs[index];

		if (!(personal & UINT32_C(1) << index) ||
			!item_field_present(&record->beneath, spec))
			continue;
		if (!any) {
			json_key(&json, "p");
			json_object_begin(&json);
			any = true;
		}
		json_key(&json, spec->name);
		put_field(&json, record, &record->beneath, spec);
	}
	if (any)
		json_object_end(&json);
	json_object_end(&json);
}

/* Moves what was written into the arena; the buffer is used again. */
static enum error take_text(struct buf *from, struct arena *arena, struct str *out)
{
	char *copy;

	if (from->failed)
		return ERR_NO_MEMORY;
	if (str_is(buf_view(from), "{}")) {
		*out = STR("{}");
		return ERR_OK;
	}
	copy = arena_strdup(arena, buf_view(from));
	if (!copy)
		return item_out_of(arena, from->len + 1);
	*out = (struct str){copy, from->len};
	return ERR_OK;
}

static uint32_t personal_present(const struct item *item)
{
	uint32_t present = 0;

	for (unsigned i = 0; i < ITEM_FIELD_COUNT; i++)
		if (ITEM_PERSONAL & UINT32_C(1) << i &&
			item_field_present(item, &item_field_specs[i]))
			present |= UINT32_C(1) << i;
	return present;
}

static void add_column(struct buf *out, struct str text)
{
	if (!text.ptr) {
		buf_be32(out, 0xffffffff);
		return;
	}
	buf_be32(out, (uint32_t)text.len);
	buf_str(out, text);
}

bool item_text_ref(const struct item_text *text, const unsigned char salt[32], struct sha256 *out)
{
	const struct str columns[] = {
		text->title, text->body, text->url, text->assignee, text->reporter, text->notes};
	size_t count = sizeof columns / sizeof *columns;
	struct buf bytes = BUF_INIT;
	size_t room = 32 + 4 * count;
	bool good;

	for (size_t i = 0; i < count; i++)
		room += columns[i].len;
	buf_reserve(&bytes, room);
	buf_append(&bytes, salt, 32);
	for (size_t i = 0; i < count; i++)
		add_column(&bytes, columns[i]);
	good = !bytes.failed && sha256_of(bytes.data, bytes.len, out);
	buf_release(&bytes);
	return good;
}

static enum error make_texts(const struct item_record *record, const unsigned char salt[32],
	struct buf *scratch, struct arena *arena, struct item_storable *out)
{
	const struct item *item = &record->item;
	enum error error;

	out->text = (struct item_text){
		.title = item->title,
		.body = item->body,
		.url = item->url,
		.assignee = item->assignee,
		.reporter = item->reporter,
	};
	out->text_present = personal_present(item);
	buf_reset(scratch);
	put_notes(scratch, record);
	error = take_text(scratch, arena, &out->text.notes);
	if (error)
		return error;
	if (str_is(out->text.notes, "{}"))
		out->text.notes = STR_NONE;
	out->has_text = out->text_present || out->text.notes.ptr;
	if (record->erased && !out->has_text) {
		out->has_text = true;
		out->text_present = record->erased_present;
		out->text_ref = record->erased_ref;
		return ERR_OK;
	}
	if (out->has_text && !item_text_ref(&out->text, salt, &out->text_ref))
		return ERR_NO_MEMORY;
	return ERR_OK;
}

enum error item_to_storable(const struct item_record *record, const struct uuid *workspace,
	const unsigned char salt[32], struct arena *arena, struct item_storable *out)
{
	const struct item *item = &record->item;
	struct buf scratch = BUF_INIT;
	struct uuid *blockers = NULL;
	enum error error = ERR_OK;

	*out = (struct item_storable){.blocked_by_count = item->blocked_by_count};
	if (item->blocked_by_count > 0) {
		blockers = arena_array(arena, item->blocked_by_count, sizeof *blockers);
		if (!blockers)
			return item_out_of(arena, item->blocked_by_count * sizeof *blockers);
	}
	for (size_t i = 0; i < item->blocked_by_count; i++)
		item_id_make(workspace, item->blocked_by[i].source, item->blocked_by[i].external_id,
			&blockers[i]);
	out->blocked_by = blockers;

	buf_reserve(&scratch, 256);
	put_extra(&scratch, record);
	error = take_text(&scratch, arena, &out->extra);
	if (!error)
		error = make_texts(record, salt, &scratch, arena, out);
	buf_release(&scratch);
	return error;
}

/* ---- erased texts ---- */

bool item_text_is_empty(const struct item_text *text)
{
	return !text->title.ptr && !text->body.ptr && !text->url.ptr && !text->assignee.ptr &&
	       !text->reporter.ptr && !text->notes.ptr;
}

static void take_words(struct feature_value *value, const struct item *from)
{
	for (size_t i = 0; i < from->feature_count; i++) {
		const struct feature_value *other = &from->features[i];

		if (other->id != value->id)
			continue;
		value->text = other->text;
		value->justification = other->justification;
		if (value->beneath && other->beneath)
			value->beneath = other->beneath;
		return;
	}
}

void item_take_words(
	struct item_record *record, const struct item_record *from, struct feature_value *features)
{
	struct item *item = &record->item;

	item->title = from->item.title;
	item->body = from->item.body;
	item->url = from->item.url;
	item->assignee = from->item.assignee;
	item->reporter = from->item.reporter;
	for (size_t i = 0; i < item->feature_count; i++) {
		features[i] = item->features[i];
		take_words(&features[i], &from->item);
	}
	item->features = features;
}
