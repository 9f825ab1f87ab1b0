/*
 * One bundle being checked. Private to evidence_check.c and evidence_check_rows.c.
 */
#ifndef WINNOW_CODEC_EVIDENCE_CHECK_PARTS_H
#define WINNOW_CODEC_EVIDENCE_CHECK_PARTS_H

#include "base/arena.h"
#include "base/map.h"
#include "codec/evidence_check.h"
#include "codec/json.h"

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

/* Notes what is wrong with a line (0: with none alone). */
void evidence_note_fault(struct evidence_check *check, uint64_t line, enum evidence_part part,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
#define FAULT(check, ...) evidence_note_fault((check), (check)->line, (check)->part, __VA_ARGS__)

/* Room for one more element, zeroed; NULL when memory is out, which the check remembers. */
void *evidence_list_add(struct evidence_check *check, struct list *list, size_t size);

static inline struct str text_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return (struct str){json_string_value(value), json_string_length(value)};
}

static inline int64_t int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* ---- evidence_check_rows.c: a line of each part ---- */
void evidence_take_record(struct evidence_check *check, const json_t *json);
void evidence_take_text(struct evidence_check *check, const json_t *json);
void evidence_take_item(struct evidence_check *check, const json_t *json);
void evidence_take_model(struct evidence_check *check, const json_t *json);
void evidence_take_actor(struct evidence_check *check, const json_t *json);
/* What rows showed is complete when the lines made of it begin. */
void evidence_sort_shown(struct evidence_check *check);
/* Each text that a row names has its line, be it that it was erased. */
void evidence_check_texts(struct evidence_check *check);

#endif
