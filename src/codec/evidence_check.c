/*
 * A bundle is read once. What rows show is kept until the lines that are made of them have been compared with it;
 * the hash of each line until the manifest is there.
 */
#include "codec/evidence_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "codec/json.h"

enum { KEPT_BYTES = 1 << 30, LINE_ARENA = 1 << 30 };

/* A list that grows; its elements are of one size. */
struct list {
	void *items;
	size_t count, room;
};

struct line_hash {
	struct sha256 hash;
	size_t bytes;
	enum evidence_part part;
	bool told; /* something is wrong with it already */
};
/* That a row of an item, or a decision about it, was shown. */
struct shown_mark {
	struct uuid item;
	char kind; /* 'v', 'o', 'r' */
	int64_t revision;
	struct uuid id;
};
struct shown_document {
	struct str kind, name;
	int64_t revision;
	struct sha256 body;
};

struct evidence_check {
	const struct note_verifier *verifier;
	struct evidence_verdict verdict;
	struct arena kept;  /* of what rows showed */
	struct arena arena; /* of one line */
	struct diag diag;
	struct sha256_stream all; /* the lines before the signature */
	struct sha256_stream run; /* the lines of the part at hand */
	struct sha256 run_hashes[EVIDENCE_PARTS + 1];
	enum evidence_part run_part;
	bool failed; /* memory is out */
	uint64_t line;
	enum evidence_part part; /* of the line before */
	size_t of_part[EVIDENCE_PARTS];
	struct audit_chain chain;
	struct checkpoint checkpoint;
	bool has_checkpoint;
	struct list lines;            /* struct line_hash */
	struct list marks;            /* struct shown_mark */
	struct list refs, texts;      /* struct sha256 */
	struct list documents;        /* struct shown_document */
	struct str_map actors, named; /* of records; of their own lines */
	bool marks_sorted;
};

/* ---- telling ---- */

static void __attribute__((format(printf, 4, 5)))
fault(struct evidence_check *check, uint64_t line, enum evidence_part part, const char *format, ...)
{
	struct evidence_verdict *verdict = &check->verdict;
	struct line_hash *lines = check->lines.items;
	va_list args;

	if (line > 0 && line <= check->lines.count)
		lines[line - 1].told = true;
	if (verdict->fault_count < EVIDENCE_FAULTS) {
		struct evidence_fault *to = &verdict->faults[verdict->fault_count];

		to->line = line;
		to->part = part < EVIDENCE_PARTS ? evidence_part_name(part) : "";
		va_start(args, format);
		vsnprintf(to->what, sizeof to->what, format, args);
		va_end(args);
	}
	verdict->fault_count++;
}

#define FAULT(check, ...) fault((check), (check)->line, (check)->part, __VA_ARGS__)

static void *add(struct evidence_check *check, struct list *list, size_t size)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 256;
		void *grown = reallocarray(list->items, room, size);

		if (!grown) {
			check->failed = true;
			return NULL;
		}
		list->items = grown;
		list->room = room;
	}
	return memset((char *)list->items + list->count++ * size, 0, size);
}

static struct str text_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return (struct str){json_string_value(value), json_string_length(value)};
}

static int64_t int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* ---- the first lines ---- */

static void take_header(struct evidence_check *check, const json_t *json)
{
	struct evidence_verdict *verdict = &check->verdict;
	struct str workspace = text_of(json, "workspace");

	if (!str_eq(text_of(json, "schema"), STR(EVIDENCE_SCHEMA)))
		FAULT(check, "This is no bundle of the schema " EVIDENCE_SCHEMA ".");
	if (!workspace.ptr || !uuid_from_text(workspace, &verdict->workspace))
		FAULT(check, "It names no workspace.");
	verdict->first = int_of(json_object_get(json, "from"), "revision");
	verdict->last = int_of(json_object_get(json, "to"), "revision");
	verdict->checkpoint = int_of(json, "checkpoint");
	if (verdict->first < 1 || verdict->last < verdict->first ||
		verdict->checkpoint < verdict->last)
		FAULT(check, "Its span and its checkpoint do not fit each other.");
}

static void take_checkpoint(struct evidence_check *check, const json_t *json)
{
	struct evidence_verdict *verdict = &check->verdict;
	struct str text;
	enum note_state state = note_open(text_of(json, "note"), check->verifier, &text);

	if (state != NOTE_GOOD) {
		FAULT(check, "%s", note_state_text(state));
		return;
	}
	if (!checkpoint_parse(text, &check->checkpoint) ||
		!checkpoint_is_of(&check->checkpoint, &verdict->workspace) ||
		check->checkpoint.size != verdict->checkpoint) {
		FAULT(check, "The note is not the checkpoint that the header names.");
		return;
	}
	check->has_checkpoint = true;
	verdict->root = check->checkpoint.root;
}

static void take_verification(struct evidence_check *check, const json_t *json)
{
	if (!json_is_true(json_object_get(json, "ok")))
		FAULT(check, "The log itself did not hold when the bundle was made: %.60s.",
			json_string_value(json_object_get(json, "fault"))
				? json_string_value(json_object_get(json, "fault"))
				: "it is not said why");
}

/* ---- records ---- */

static bool keep_mark(struct evidence_check *check, const struct evidence_table *table,
	struct str tuple, char kind, const char *id)
{
	struct shown_mark *mark = add(check, &check->marks, sizeof *mark);
	struct str revision;

	if (!mark)
		return false;
	mark->kind = kind;
	evidence_cell_uuid(table, tuple, "item_id", &mark->item);
	if (id)
		evidence_cell_uuid(table, tuple, id, &mark->id);
	if (evidence_cell(table, tuple, "revision", &revision) && revision.len == 8)
		for (size_t i = 0; i < 8; i++)
			mark->revision = mark->revision << 8 | (unsigned char)revision.ptr[i];
	return true;
}

static bool keep_document(
	struct evidence_check *check, const struct evidence_table *table, struct str tuple)
{
	struct shown_document *document = add(check, &check->documents, sizeof *document);
	struct str body = STR_NONE, revision;

	if (!document)
		return false;
	evidence_cell(table, tuple, "kind", &document->kind);
	evidence_cell(table, tuple, "name", &document->name);
	if (evidence_cell(table, tuple, "revision", &revision) && revision.len == 8)
		for (size_t i = 0; i < 8; i++)
			document->revision =
				document->revision << 8 | (unsigned char)revision.ptr[i];
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
		ref = add(check, &check->refs, sizeof *ref);
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
	int64_t wanted = record->revision;
	enum audit_fault found;

	if (record->revision >= check->verdict.first)
		wanted = chain->any && chain->revision >= check->verdict.first
				 ? chain->revision + 1
				 : check->verdict.first;
	if (record->revision != wanted || record->revision > check->verdict.last ||
		(chain->any && record->revision <= chain->revision))
		FAULT(check,
			"Revision %lld stands here; a record is missing, or is not in its place.",
			(long long)record->revision);
	if (!chain->any || record->revision != chain->revision + 1)
		*chain = (struct audit_chain){
			.revision = record->revision - 1, .hash = record->prev_hash};
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

static void take_record(struct evidence_check *check, const json_t *json)
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

static void take_text(struct evidence_check *check, const json_t *json)
{
	struct str hex = text_of(json, "ref");
	struct sha256 *ref = add(check, &check->texts, sizeof *ref);

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

static void take_item(struct evidence_check *check, const json_t *json)
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

static void check_card(struct evidence_check *check, const json_t *json)
{
	const struct shown_document *row =
		find_document(check, STR("model_card"), text_of(json, "version"), 0);
	const json_t *card = json_object_get(json, "card");
	struct buf body = BUF_INIT;
	struct sha256 hash;

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

static void take_model(struct evidence_check *check, const json_t *json)
{
	struct str kind = text_of(json, "kind"), hex = text_of(json, "body_sha256");
	const struct shown_document *row =
		find_document(check, kind, text_of(json, "version"), int_of(json, "revision"));
	struct sha256 hash;

	check->verdict.models++;
	if (!row || !hex.ptr || !sha256_from_hex(hex.ptr, hex.len, &hash) ||
		!sha256_same(&hash, &row->body))
		FAULT(check, "It is not the version that the records show.");
	if (str_is(kind, "model"))
		check_card(check, json);
}

static void take_actor(struct evidence_check *check, const json_t *json)
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

/* ---- the last lines ---- */

static bool is_hash(const json_t *json, const struct sha256 *hash)
{
	struct sha256 said;

	return json_is_string(json) &&
	       sha256_from_hex(json_string_value(json), json_string_length(json), &said) &&
	       sha256_same(&said, hash);
}

/* Compares one part; *at moves behind its lines. */
static void check_part(struct evidence_check *check, const json_t *part, size_t *at)
{
	struct line_hash *lines = check->lines.items;
	const json_t *hashes = json_object_get(part, "line_sha256");
	enum evidence_part named = evidence_part_named(text_of(part, "name"));
	bool whole = is_hash(json_object_get(part, "sha256"), &check->run_hashes[named]);
	size_t count = json_array_size(hashes), different = 0;
	int64_t bytes = 0;

	if (named >= EVIDENCE_MANIFEST || int_of(part, "lines") != (int64_t)count || count == 0)
		FAULT(check, "What it says of a part is not in itself right.");
	for (size_t i = 0; i < count; i++, ++*at) {
		if (*at >= check->lines.count) {
			FAULT(check, "It names more lines than there are.");
			return;
		}
		bytes += (int64_t)lines[*at].bytes;
		if (is_hash(json_array_get(hashes, i), &lines[*at].hash))
			continue;
		different++;
		if (!whole && !lines[*at].told)
			fault(check, *at + 1, lines[*at].part,
				"The line is not the one that the manifest names.");
	}
	/* The part's hash and those of its lines say the same, or it is the manifest that was changed. */
	if (whole != (different == 0))
		FAULT(check, "What it says of the part \"%.20s\" is not in itself right.",
			named < EVIDENCE_PARTS ? evidence_part_name(named) : "?");
	if (bytes != int_of(part, "bytes"))
		FAULT(check, "The part \"%.20s\" has another length.",
			named < EVIDENCE_PARTS ? evidence_part_name(named) : "?");
}

static void take_manifest(struct evidence_check *check, const json_t *json)
{
	const json_t *parts = json_object_get(json, "parts");
	size_t at = 0;

	for (size_t i = 0; i < json_array_size(parts); i++)
		check_part(check, json_array_get(parts, i), &at);
	if (at + 1 < check->lines.count)
		FAULT(check, "It names fewer lines than there are.");
}

static void take_signature(struct evidence_check *check, const json_t *json)
{
	struct buf wanted = BUF_INIT;
	struct sha256 hash;
	struct str text;
	enum note_state state = note_open(text_of(json, "note"), check->verifier, &text);

	if (!sha256_so_far(&check->all, &hash)) {
		check->failed = true;
		return;
	}
	evidence_statement(&wanted, check->verifier->name, &check->verdict.workspace, &hash);
	if (state != NOTE_GOOD)
		FAULT(check, "%s", note_state_text(state));
	else if (!str_eq(text, buf_view(&wanted)))
		FAULT(check, "Signed were other lines than these.");
	buf_release(&wanted);
}

/* ---- all of it ---- */

/* What rows showed is complete when the lines made of it begin. */
static void sort_shown(struct evidence_check *check)
{
	if (check->marks_sorted)
		return;
	check->marks_sorted = true;
	if (check->marks.count > 1)
		qsort(check->marks.items, check->marks.count, sizeof(struct shown_mark), by_place);
	if (check->refs.count > 1)
		qsort(check->refs.items, check->refs.count, sizeof(struct sha256), by_hash);
}

static void take(struct evidence_check *check, const json_t *json)
{
	static void (*const takers[EVIDENCE_PARTS])(struct evidence_check *, const json_t *) = {
		[EVIDENCE_HEADER] = take_header,
		[EVIDENCE_CHECKPOINT] = take_checkpoint,
		[EVIDENCE_VERIFICATION] = take_verification,
		[EVIDENCE_RECORDS] = take_record,
		[EVIDENCE_TEXTS] = take_text,
		[EVIDENCE_ITEMS] = take_item,
		[EVIDENCE_MODELS] = take_model,
		[EVIDENCE_ACTORS] = take_actor,
		[EVIDENCE_MANIFEST] = take_manifest,
		[EVIDENCE_SIGNATURE] = take_signature,
	};

	if (check->part > EVIDENCE_RECORDS)
		sort_shown(check);
	if (takers[check->part])
		takers[check->part](check, json);
}

struct evidence_check *evidence_check_new(const struct note_verifier *verifier)
{
	struct evidence_check *check = calloc(1, sizeof *check);

	if (!check)
		return NULL;
	check->verifier = verifier;
	arena_init(&check->kept, KEPT_BYTES);
	arena_init(&check->arena, LINE_ARENA);
	check->run_part = EVIDENCE_HEADER;
	if (sha256_begin(&check->all) && sha256_begin(&check->run))
		return check;
	evidence_check_free(check);
	return NULL;
}

void evidence_check_free(struct evidence_check *check)
{
	if (!check)
		return;
	arena_release(&check->kept);
	arena_release(&check->arena);
	sha256_release(&check->all);
	sha256_release(&check->run);
	str_map_release(&check->actors);
	str_map_release(&check->named);
	free(check->lines.items);
	free(check->marks.items);
	free(check->refs.items);
	free(check->texts.items);
	free(check->documents.items);
	free(check);
}

/* Its hash for the manifest, and its part. */
static bool keep_line(struct evidence_check *check, struct str line)
{
	struct line_hash *kept = add(check, &check->lines, sizeof *kept);
	struct sha256_stream stream = {0};
	bool good = kept && sha256_begin(&stream);

	if (good) {
		sha256_add(&stream, line.ptr, line.len);
		sha256_add(&stream, "\n", 1);
		good = sha256_end(&stream, &kept->hash);
		kept->bytes = line.len + 1;
		kept->part = evidence_part_of(line);
	}
	sha256_release(&stream);
	if (good && kept->part != check->run_part) {
		good = sha256_end(&check->run, &check->run_hashes[check->run_part]) &&
		       sha256_begin(&check->run);
		check->run_part = kept->part;
	}
	sha256_add(&check->run, line.ptr, line.len);
	sha256_add(&check->run, "\n", 1);
	return good;
}

enum error evidence_check_line(struct evidence_check *check, struct str line)
{
	enum evidence_part part = evidence_part_of(line), before = check->part;
	json_t *json;

	check->line++;
	if (!keep_line(check, line))
		return ERR_NO_MEMORY;
	check->part = part;
	if (part == EVIDENCE_PARTS || part < before ||
		(check->line == 1) != (part == EVIDENCE_HEADER) ||
		check->of_part[EVIDENCE_SIGNATURE] > 0) {
		FAULT(check, "A line of this kind does not stand here.");
		/* So that those behind it are judged by themselves. */
		check->part = before;
	} else {
		check->of_part[part]++;
		arena_release(&check->arena);
		diag_init(&check->diag, &check->arena);
		if (json_parse(line, (size_t)check->line, "", &check->diag, &json) != ERR_OK) {
			FAULT(check, "It is not JSON.");
		} else {
			take(check, json);
			json_decref(json);
		}
	}
	if (part != EVIDENCE_SIGNATURE) {
		sha256_add(&check->all, line.ptr, line.len);
		sha256_add(&check->all, "\n", 1);
	}
	return check->failed ? ERR_NO_MEMORY : ERR_OK;
}

/* Each text that a row names has its line, be it that it was erased. */
static void check_texts(struct evidence_check *check)
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
		fault(check, 0, EVIDENCE_TEXTS, "The text %.16s… of a row has no line.",
			sha256_to_hex(&refs[i], hex));
	}
}

const struct evidence_verdict *evidence_check_end(struct evidence_check *check)
{
	static const enum evidence_part once[] = {EVIDENCE_HEADER, EVIDENCE_CHECKPOINT,
		EVIDENCE_VERIFICATION, EVIDENCE_MANIFEST, EVIDENCE_SIGNATURE};

	sort_shown(check);
	for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
		if (check->of_part[once[i]] != 1)
			fault(check, 0, once[i],
				"There must be one line of this part; there are %zu.",
				check->of_part[once[i]]);
	}
	if (check->chain.revision != check->verdict.last)
		fault(check, 0, EVIDENCE_RECORDS, "The records end at revision %lld, not %lld.",
			(long long)check->chain.revision, (long long)check->verdict.last);
	if (check->named.used != check->actors.used)
		fault(check, 0, EVIDENCE_ACTORS, "Not every actor has its line.");
	check_texts(check);
	return &check->verdict;
}
