/*
 * The lines that are proved, and those that are made of them: what rows show is kept until the lines about items,
 * texts, models and actors have been compared with it.
 */
#include "codec/evidence_check_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- records ---- */

/* 0: it has none. What a bundle says may be any number. */
static int64_t revision_of(const struct evidence_table *table, struct str tuple)
{
	struct str cell;
	uint64_t revision = 0;

	if (!evidence_cell(table, tuple, "revision", &cell) || cell.len != 8)
		return 0;
	for (size_t i = 0; i < 8; i++)
		revision = revision << 8 | (unsigned char)cell.ptr[i];
	return (int64_t)revision;
}

static bool keep_mark(struct evidence_check *check, const struct evidence_table *table,
	struct str tuple, char kind, const char *id)
{
	struct shown_mark *mark = evidence_list_add(check, &check->marks, sizeof *mark);

	if (!mark)
		return false;
	mark->kind = kind;
	evidence_cell_uuid(table, tuple, "item_id", &mark->item);
	if (id)
		evidence_cell_uuid(table, tuple, id, &mark->id);
	mark->revision = revision_of(table, tuple);
	return true;
}

static bool keep_document(
	struct evidence_check *check, const struct evidence_table *table, struct str tuple)
{
	struct shown_document *document =
		evidence_list_add(check, &check->documents, sizeof *document);
	struct str body = STR_NONE;

	if (!document)
		return false;
	evidence_cell(table, tuple, "kind", &document->kind);
	evidence_cell(table, tuple, "name", &document->name);
	document->revision = revision_of(table, tuple);
	evidence_cell(table, tuple, "body", &body);
	document->kind.ptr = arena_strdup(&check->kept, document->kind);
	document->name.ptr = arena_strdup(&check->kept, document->name);
	return document->kind.ptr && document->name.ptr &&
	       sha256_of(body.ptr, body.len, &document->body);
}

static bool take_row(void *self, const struct evidence_table *table, struct str tuple)
{
	struct evidence_check *check = self;
	struct sha256 *ref;
	struct str cell;
	bool good = true;

	check->verdict.rows++;
	if (evidence_cell(table, tuple, "text_ref", &cell) && cell.len == SHA256_BYTES) {
		ref = evidence_list_add(check, &check->refs, sizeof *ref);
		if (ref)
			memcpy(ref->bytes, cell.ptr, SHA256_BYTES);
		good = ref != NULL;
	}
	if (strcmp(table->name, "item_versions") == 0)
		return good && keep_mark(check, table, tuple, 'v', NULL);
	if (strcmp(table->name, "overrides") == 0)
		return good && keep_mark(check, table, tuple, 'o', "override_id");
	if (strcmp(table->name, "reviews") == 0)
		return good && keep_mark(check, table, tuple, 'r', "review_id");
	if (strcmp(table->name, "documents") == 0)
		return good && keep_document(check, table, tuple);
	return good;
}

/* One behind the other within the span; those before it stand alone. */
static void check_chain(
	struct evidence_check *check, const struct evidence_read *read, const struct sha256 *digest)
{
	const struct audit_record *record = &read->record;
	struct audit_chain *chain = &check->chain;
	int64_t before = record->revision - 1, first = check->verdict.first;
	bool in_place = true;
	enum audit_fault found;

	if (record->revision >= first)
		in_place = chain->any && chain->revision >= first ? before == chain->revision
								  : record->revision == first;
	if (!in_place || record->revision > check->verdict.last ||
		(chain->any && record->revision <= chain->revision))
		FAULT(check,
			"Revision %lld stands here; a record is missing, or is not in its place.",
			(long long)record->revision);
	if (!chain->any || before != chain->revision)
		*chain = (struct audit_chain){.revision = before, .hash = record->prev_hash};
	found = audit_chain_next(chain, record, digest, (int64_t)read->hash_count);
	if (found != AUDIT_OK) {
		FAULT(check, "Revision %lld: %s", (long long)record->revision,
			audit_fault_text(found));
		*chain = (struct audit_chain){.revision = record->revision,
			.at_us = record->at_us,
			.hash = record->hash,
			.any = true};
	}
}

static void check_proof(struct evidence_check *check, const struct evidence_read *read)
{
	const struct audit_record *record = &read->record;
	struct sha256 leaf;

	if (uuid_cmp(&record->workspace, &check->verdict.workspace) != 0)
		FAULT(check, "Revision %lld is of another workspace.", (long long)record->revision);
	if (!check->has_checkpoint)
		return;
	if (!merkle_leaf(record->hash.bytes, SHA256_BYTES, &leaf))
		check->failed = true;
	else if (!merkle_check_inclusion((uint64_t)record->revision - 1,
			 (uint64_t)check->checkpoint.size, &leaf, &read->proof,
			 &check->checkpoint.root))
		FAULT(check, "Revision %lld is not in the tree of the checkpoint.",
			(long long)record->revision);
}

void evidence_take_record(struct evidence_check *check, const json_t *json)
{
	const struct evidence_taker taker = {take_row, check};
	struct evidence_read read;
	struct sha256 digest;
	struct str actor;
	int64_t shown = check->verdict.rows;
	enum error error = evidence_read_record(json, &check->arena, &check->diag, &taker, &read);

	if (error == ERR_INVALID) {
		FAULT(check, "%s",
			check->diag.count ? check->diag.entries[0].detail : "This is no record.");
		return;
	}
	if (error || !audit_rows_digest(read.hashes, read.hash_count, &digest)) {
		check->failed = true;
		return;
	}
	check->verdict.records++;
	check->verdict.hidden += (int64_t)read.hash_count - (check->verdict.rows - shown);
	check_chain(check, &read, &digest);
	check_proof(check, &read);
	actor = read.record.actor;
	if (str_map_get(&check->actors, actor) != MAP_NONE)
		return;
	actor.ptr = arena_strdup(&check->kept, actor);
	if (!actor.ptr || !str_map_put(&check->actors, actor, 1))
		check->failed = true;
}

/* ---- lines that are made of rows ---- */

static int by_hash(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_BYTES);
}

void evidence_take_text(struct evidence_check *check, const json_t *json)
{
	struct str hex = text_of(json, "ref");
	struct sha256 *ref = evidence_list_add(check, &check->texts, sizeof *ref);

	if (!ref)
		return;
	check->verdict.texts++;
	check->verdict.erased += json_is_true(json_object_get(json, "erased"));
	if (!hex.ptr || !sha256_from_hex(hex.ptr, hex.len, ref)) {
		FAULT(check, "It names no text.");
		check->texts.count--;
	} else if (check->refs.count == 0 ||
		   !bsearch(ref, check->refs.items, check->refs.count, sizeof *ref, by_hash)) {
		FAULT(check, "No row names this text.");
	}
}

static int by_place(const void *a, const void *b)
{
	const struct shown_mark *x = a, *y = b;
	int by_item = uuid_cmp(&x->item, &y->item);

	if (by_item != 0)
		return by_item;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->revision != y->revision)
		return x->revision < y->revision ? -1 : 1;
	return uuid_cmp(&x->id, &y->id);
}

/* Whether a list is what the rows of this kind say; *at moves behind them. */
static bool is_shown(const struct evidence_check *check, const struct uuid *item, char kind,
	const json_t *list, size_t *at)
{
	const struct shown_mark *marks = check->marks.items;
	size_t count = 0;
	bool same = json_is_array(list);

	for (; *at < check->marks.count && uuid_cmp(&marks[*at].item, item) == 0 &&
		marks[*at].kind == kind;
		++*at, count++) {
		const json_t *value = json_array_get(list, count);
		char id[UUID_TEXT_SIZE];

		if (kind == 'v')
			same = same && json_integer_value(value) == marks[*at].revision;
		else
			same = same && json_string_value(value) &&
			       strcmp(json_string_value(value), uuid_to_text(&marks[*at].id, id)) ==
				       0;
	}
	return same && count == json_array_size(list);
}

void evidence_take_item(struct evidence_check *check, const json_t *json)
{
	const struct shown_mark *marks = check->marks.items;
	const json_t *item = json_object_get(json, "item");
	struct str text = text_of(json, "id");
	struct uuid id;
	size_t at = 0;

	check->verdict.items++;
	if (!text.ptr || !uuid_from_text(text, &id) || !str_eq(text, text_of(item, "id"))) {
		FAULT(check, "It names no item, or two.");
		return;
	}
	while (at < check->marks.count && uuid_cmp(&marks[at].item, &id) < 0)
		at++;
	/* The kinds in the order of their letters. */
	if (!is_shown(check, &id, 'o', json_object_get(json, "overrides"), &at) ||
		!is_shown(check, &id, 'r', json_object_get(json, "reviews"), &at) ||
		!is_shown(check, &id, 'v', json_object_get(json, "versions"), &at))
		FAULT(check, "What it says of item %.*s is not what the records show.",
			STR_ARG(text));
	if (at > 0 && marks[at - 1].kind == 'v' && uuid_cmp(&marks[at - 1].item, &id) == 0 &&
		int_of(item, "revision") != marks[at - 1].revision)
		FAULT(check, "Item %.*s is not shown as its newest version.", STR_ARG(text));
}

/* NULL: no row shows it. Without a revision the newest. */
static const struct shown_document *find_document(
	const struct evidence_check *check, struct str kind, struct str name, int64_t revision)
{
	const struct shown_document *documents = check->documents.items, *found = NULL;

	for (size_t i = 0; i < check->documents.count; i++) {
		if (str_eq(documents[i].kind, kind) && str_eq(documents[i].name, name) &&
			(revision == 0 || documents[i].revision == revision))
			found = &documents[i];
	}
	return found;
}

/* It has no record because that was retired: the bundle's signature alone vouches for it. */
static bool is_retired(struct evidence_check *check, int64_t revision)
{
	if (revision < 1 || revision > check->verdict.retired)
		return false;
	check->verdict.by_signature++;
	return true;
}

/* Of the newest card that the records show of this version. */
static void check_card(struct evidence_check *check, struct str kind, const json_t *json)
{
	const struct shown_document *row =
		find_document(check, str_is(kind, "model") ? STR("model_card") : STR("policy_card"),
			text_of(json, "version"), 0);
	const json_t *card = json_object_get(json, "card");
	struct buf body = BUF_INIT;
	struct sha256 hash;

	if (json_is_given(card) && !row && is_retired(check, int_of(json, "card_revision")))
		return;
	if (json_is_given(card)) {
		json_canonical(&body, card);
		if (body.failed || !sha256_of(body.data, body.len, &hash))
			check->failed = true;
		else if (!row || !sha256_same(&hash, &row->body) ||
			 row->revision != int_of(json, "card_revision"))
			FAULT(check, "Its card is not the one that the records show.");
	} else if (row) {
		FAULT(check, "The records show a card of it.");
	}
	buf_release(&body);
}

void evidence_take_model(struct evidence_check *check, const json_t *json)
{
	struct str kind = text_of(json, "kind"), hex = text_of(json, "body_sha256");
	const struct shown_document *row =
		find_document(check, kind, text_of(json, "version"), int_of(json, "revision"));
	struct sha256 hash;

	check->verdict.models++;
	if (!row && hex.ptr && sha256_from_hex(hex.ptr, hex.len, &hash) &&
		is_retired(check, int_of(json, "revision"))) {
		check_card(check, kind, json);
		return;
	}
	if (!row || !hex.ptr || !sha256_from_hex(hex.ptr, hex.len, &hash) ||
		!sha256_same(&hash, &row->body))
		FAULT(check, "It is not the version that the records show.");
	check_card(check, kind, json);
}

void evidence_take_actor(struct evidence_check *check, const json_t *json)
{
	struct str actor = text_of(json, "actor");

	if (!actor.ptr || str_map_get(&check->actors, actor) == MAP_NONE) {
		FAULT(check, "No record is by this actor.");
		return;
	}
	actor.ptr = arena_strdup(&check->kept, actor);
	if (!actor.ptr || !str_map_put(&check->named, actor, 1))
		check->failed = true;
}

void evidence_sort_shown(struct evidence_check *check)
{
	if (check->marks_sorted)
		return;
	check->marks_sorted = true;
	if (check->marks.count > 1)
		qsort(check->marks.items, check->marks.count, sizeof(struct shown_mark), by_place);
	if (check->refs.count > 1)
		qsort(check->refs.items, check->refs.count, sizeof(struct sha256), by_hash);
}

void evidence_check_texts(struct evidence_check *check)
{
	const struct sha256 *refs = check->refs.items;
	char hex[SHA256_HEX_SIZE];

	if (check->texts.count > 1)
		qsort(check->texts.items, check->texts.count, sizeof *refs, by_hash);
	for (size_t i = 0; i < check->refs.count; i++) {
		if ((i > 0 && sha256_same(&refs[i - 1], &refs[i])) ||
			(check->texts.count > 0 &&
				bsearch(&refs[i], check->texts.items, check->texts.count,
					sizeof *refs, by_hash)))
			continue;
		evidence_note_fault(check, 0, EVIDENCE_TEXTS,
			"The text %.16s… of a row has no line.", sha256_to_hex(&refs[i], hex));
	}
}
