/*
 * A bundle is read once, line by line; the hash of each line is kept until the manifest is there. What rows show is
 * evidence_check_rows.c's.
 */
#include "codec/evidence_check_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_BYTES = 1 << 30, LINE_ARENA = 1 << 30 };

/* ---- telling ---- */

void evidence_note_fault(struct evidence_check *check, uint64_t line, enum evidence_part part,
	const char *format, ...)
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

void *evidence_list_add(struct evidence_check *check, struct list *list, size_t size)
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

/* ---- the first lines ---- */

static void take_header(struct evidence_check *check, const json_t *json)
{
	struct evidence_verdict *verdict = &check->verdict;
	struct str workspace = text_of(json, "workspace");
	int64_t begins = 1;

	if (!str_eq(text_of(json, "schema"), STR(EVIDENCE_SCHEMA)))
		FAULT(check, "This is no bundle of the schema " EVIDENCE_SCHEMA ".");
	if (!workspace.ptr || !uuid_from_text(workspace, &verdict->workspace))
		FAULT(check, "It names no workspace.");
	verdict->first = int_of(json_object_get(json, "from"), "revision");
	verdict->last = int_of(json_object_get(json, "to"), "revision");
	verdict->checkpoint = int_of(json, "checkpoint");
	if (json_object_get(json, "first_revision"))
		begins = int_of(json, "first_revision");
	verdict->retired = begins > 0 ? begins - 1 : 0;
	if (begins < 1 || begins > verdict->first || verdict->first < 1 ||
		verdict->last < verdict->first || verdict->checkpoint < verdict->last)
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
			evidence_note_fault(check, *at + 1, lines[*at].part,
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

static void take(struct evidence_check *check, const json_t *json)
{
	static void (*const takers[EVIDENCE_PARTS])(struct evidence_check *, const json_t *) = {
		[EVIDENCE_HEADER] = take_header,
		[EVIDENCE_CHECKPOINT] = take_checkpoint,
		[EVIDENCE_VERIFICATION] = take_verification,
		[EVIDENCE_RECORDS] = evidence_take_record,
		[EVIDENCE_TEXTS] = evidence_take_text,
		[EVIDENCE_ITEMS] = evidence_take_item,
		[EVIDENCE_MODELS] = evidence_take_model,
		[EVIDENCE_ACTORS] = evidence_take_actor,
		[EVIDENCE_MANIFEST] = take_manifest,
		[EVIDENCE_SIGNATURE] = take_signature,
	};

	if (check->part > EVIDENCE_RECORDS)
		evidence_sort_shown(check);
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
	struct line_hash *kept = evidence_list_add(check, &check->lines, sizeof *kept);
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

const struct evidence_verdict *evidence_check_end(struct evidence_check *check)
{
	static const enum evidence_part once[] = {EVIDENCE_HEADER, EVIDENCE_CHECKPOINT,
		EVIDENCE_VERIFICATION, EVIDENCE_MANIFEST, EVIDENCE_SIGNATURE};

	evidence_sort_shown(check);
	for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
		if (check->of_part[once[i]] != 1)
			evidence_note_fault(check, 0, once[i],
				"There must be one line of this part; there are %zu.",
				check->of_part[once[i]]);
	}
	if (check->chain.revision != check->verdict.last)
		evidence_note_fault(check, 0, EVIDENCE_RECORDS,
			"The records end at revision %lld, not %lld.",
			(long long)check->chain.revision, (long long)check->verdict.last);
	if (check->named.used != check->actors.used)
		evidence_note_fault(check, 0, EVIDENCE_ACTORS, "Not every actor has its line.");
	evidence_check_texts(check);
	return &check->verdict;
}
