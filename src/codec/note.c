/*
 * The text of a checkpoint is what leaves the database's reach, so it is read as strictly as it is
 * written: two texts never mean the same.
 */
#include "codec/note.h"

#include <string.h>

#include "base/num.h"

enum {
	KEY_ED25519 = 0x01,
	ID_DIGITS = 8,
	ID_BYTES = 4,
	SIGNATURES_MAX = 100,
};

static const char dash[] = "\xe2\x80\x94 "; /* before a signature */
static const char private_mark[] = "PRIVATE+KEY+";

/* ---- keys ---- */

bool note_name_is_good(struct str name)
{
	if (name.len < 1 || name.len > NOTE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] <= ' ' || name.ptr[i] > '~' || name.ptr[i] == '+')
			return false;
	}
	return true;
}

static bool set_name(struct note_verifier *verifier, struct str name)
{
	if (!note_name_is_good(name))
		return false;
	memcpy(verifier->name, name.ptr, name.len);
	verifier->name[name.len] = '\0';
	return true;
}

static bool key_id(const struct note_verifier *verifier, uint32_t *id)
{
	unsigned char text[NOTE_NAME_MAX + 2 + ED25519_KEY_BYTES];
	size_t name_bytes = strlen(verifier->name);
	struct sha256 hash;

	memcpy(text, verifier->name, name_bytes);
	text[name_bytes] = '\n';
	text[name_bytes + 1] = KEY_ED25519;
	memcpy(text + name_bytes + 2, verifier->key, ED25519_KEY_BYTES);
	if (!sha256_of(text, name_bytes + 2 + ED25519_KEY_BYTES, &hash))
		return false;
	*id = 0;
	for (size_t i = 0; i < ID_BYTES; i++)
		*id = *id << 8 | hash.bytes[i];
	return true;
}

bool note_signer_make(struct str name, struct note_signer *out)
{
	return set_name(&out->verifier, name) && random_bytes(out->secret, sizeof out->secret) &&
	       ed25519_public(out->secret, out->verifier.key) &&
	       key_id(&out->verifier, &out->verifier.id);
}

/* name+id+base64: the parts of a key's text. */
static bool parse_key(struct str text, struct note_verifier *out, uint32_t *id,
	unsigned char key[ED25519_KEY_BYTES])
{
	const char *plus = text.len ? memchr(text.ptr, '+', text.len) : NULL;
	size_t name_bytes = plus ? (size_t)(plus - text.ptr) : 0;
	unsigned char bytes[1 + ED25519_KEY_BYTES];
	struct str rest;
	size_t count;

	if (!plus || text.len < name_bytes + 1 + ID_DIGITS + 1)
		return false;
	rest = (struct str){plus + 1, text.len - name_bytes - 1};
	*id = 0;
	for (size_t i = 0; i < ID_DIGITS; i++) {
		char c = rest.ptr[i];
		bool digit = c >= '0' && c <= '9';

		if (!digit && (c < 'a' || c > 'f'))
			return false;
		*id = *id << 4 | (uint32_t)(digit ? c - '0' : c - 'a' + 10);
	}
	if (rest.ptr[ID_DIGITS] != '+' ||
		!base64_decode(rest.ptr + ID_DIGITS + 1, rest.len - ID_DIGITS - 1, bytes,
			sizeof bytes, &count) ||
		count != sizeof bytes || bytes[0] != KEY_ED25519)
		return false;
	memcpy(key, bytes + 1, ED25519_KEY_BYTES);
	explicit_bzero(bytes, sizeof bytes);
	return set_name(out, (struct str){text.ptr, name_bytes});
}

bool note_verifier_parse(struct str text, struct note_verifier *out)
{
	uint32_t id;

	return parse_key(text, out, &id, out->key) && key_id(out, &out->id) && out->id == id;
}

bool note_signer_parse(struct str text, struct note_signer *out)
{
	size_t mark = sizeof private_mark - 1;
	uint32_t id;

	if (text.len < mark || memcmp(text.ptr, private_mark, mark) != 0)
		return false;
	return parse_key((struct str){text.ptr + mark, text.len - mark}, &out->verifier, &id,
		       out->secret) &&
	       ed25519_public(out->secret, out->verifier.key) &&
	       key_id(&out->verifier, &out->verifier.id) && out->verifier.id == id;
}

static void write_key(struct buf *out, const struct note_verifier *verifier,
	const unsigned char key[ED25519_KEY_BYTES])
{
	unsigned char bytes[1 + ED25519_KEY_BYTES] = {KEY_ED25519};
	char text[(sizeof bytes + 2) / 3 * 4 + 1];

	memcpy(bytes + 1, key, ED25519_KEY_BYTES);
	base64_encode(bytes, sizeof bytes, text);
	buf_printf(out, "%s+%08x+%s", verifier->name, (unsigned)verifier->id, text);
	explicit_bzero(bytes, sizeof bytes);
	explicit_bzero(text, sizeof text);
}

void note_verifier_write(struct buf *out, const struct note_verifier *verifier)
{
	write_key(out, verifier, verifier->key);
}

void note_signer_write(struct buf *out, const struct note_signer *signer)
{
	buf_puts(out, private_mark);
	write_key(out, &signer->verifier, signer->secret);
}

/* ---- notes ---- */

static void put_id(unsigned char to[ID_BYTES], uint32_t id)
{
	for (size_t i = 0; i < ID_BYTES; i++)
		to[i] = (unsigned char)(id >> (8 * (ID_BYTES - 1 - i)));
}

bool note_sign(const struct note_signer *signer, struct str text, struct buf *out)
{
	unsigned char bytes[ID_BYTES + ED25519_SIGNATURE_BYTES];
	char encoded[(sizeof bytes + 2) / 3 * 4 + 1];

	put_id(bytes, signer->verifier.id);
	if (!ed25519_sign(signer->secret, text, bytes + ID_BYTES))
		return false;
	base64_encode(bytes, sizeof bytes, encoded);
	buf_str(out, text);
	buf_printf(out, "\n%s%s %s\n", dash, signer->verifier.name, encoded);
	return !out->failed;
}

/* Where the text ends and the signatures begin: behind the last empty line. */
static bool split(struct str note, struct str *text, struct str *signatures)
{
	if (note.len < 3 || note.len > NOTE_BYTES_MAX || note.ptr[note.len - 1] != '\n' ||
		!str_is_utf8(note))
		return false;
	for (size_t i = 0; i < note.len; i++) {
		if ((unsigned char)note.ptr[i] < ' ' && note.ptr[i] != '\n')
			return false;
	}
	for (size_t at = note.len - 1; at > 0; at--) {
		if (note.ptr[at] != '\n' || note.ptr[at - 1] != '\n')
			continue;
		*text = (struct str){note.ptr, at};
		*signatures = (struct str){note.ptr + at + 1, note.len - at - 1};
		return signatures->len > 0;
	}
	return false;
}

static bool next_line(struct str *rest, struct str *line)
{
	const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;

	if (!end)
		return false;
	*line = (struct str){rest->ptr, (size_t)(end - rest->ptr)};
	*rest = (struct str){end + 1, rest->len - line->len - 1};
	return true;
}

/* "— name base64". False when the line is none of this form. */
static bool read_signature(struct str line, struct str *name, struct str *encoded)
{
	size_t mark = sizeof dash - 1;
	const char *blank;

	if (line.len <= mark || memcmp(line.ptr, dash, mark) != 0)
		return false;
	line = (struct str){line.ptr + mark, line.len - mark};
	blank = memchr(line.ptr, ' ', line.len);
	if (!blank || blank == line.ptr)
		return false;
	*name = (struct str){line.ptr, (size_t)(blank - line.ptr)};
	*encoded = (struct str){blank + 1, line.len - name->len - 1};
	return encoded->len > 0;
}

/* NOTE_UNKNOWN: it is another key's. */
static enum note_state check_signature(
	struct str line, const struct note_verifier *verifier, struct str text)
{
	unsigned char bytes[ID_BYTES + ED25519_SIGNATURE_BYTES], id[ID_BYTES];
	struct str name, encoded;
	size_t count;

	if (!read_signature(line, &name, &encoded))
		return NOTE_MALFORMED;
	/* Of another length it is of another kind of key. */
	if (!str_is(name, verifier->name) ||
		!base64_decode(encoded.ptr, encoded.len, bytes, sizeof bytes, &count) ||
		count != sizeof bytes)
		return NOTE_UNKNOWN;
	put_id(id, verifier->id);
	if (memcmp(bytes, id, ID_BYTES) != 0)
		return NOTE_UNKNOWN;
	return ed25519_verify(verifier->key, text, bytes + ID_BYTES) ? NOTE_GOOD : NOTE_FORGED;
}

enum note_state note_open(struct str note, const struct note_verifier *verifier, struct str *text)
{
	enum note_state state = NOTE_UNKNOWN;
	struct str rest, line;

	if (!split(note, text, &rest))
		return NOTE_MALFORMED;
	for (int i = 0; next_line(&rest, &line); i++) {
		enum note_state one = i < SIGNATURES_MAX ? check_signature(line, verifier, *text)
							 : NOTE_MALFORMED;

		if (one == NOTE_MALFORMED || one == NOTE_FORGED)
			return one;
		if (one == NOTE_GOOD)
			state = NOTE_GOOD;
	}
	return state;
}

const char *note_state_text(enum note_state state)
{
	switch (state) {
	case NOTE_GOOD: return "The signature holds.";
	case NOTE_UNKNOWN: return "It is not signed by this key.";
	case NOTE_FORGED: return "The signature does not fit the text.";
	default: return "This is no signed note.";
	}
}

/* ---- checkpoints ---- */

void checkpoint_origin(struct buf *out, const char *name, const struct uuid *workspace)
{
	char id[UUID_TEXT_SIZE];

	buf_printf(out, "%s/%s", name, uuid_to_text(workspace, id));
}

bool checkpoint_is_of(const struct checkpoint *checkpoint, const struct uuid *workspace)
{
	size_t id_bytes = UUID_TEXT_SIZE - 1, len = checkpoint->origin.len;
	char id[UUID_TEXT_SIZE];

	uuid_to_text(workspace, id);
	return len > id_bytes + 1 && checkpoint->origin.ptr[len - id_bytes - 1] == '/' &&
	       memcmp(checkpoint->origin.ptr + len - id_bytes, id, id_bytes) == 0;
}

void checkpoint_write(struct buf *out, const struct checkpoint *checkpoint)
{
	char root[(SHA256_BYTES + 2) / 3 * 4 + 1];

	base64_encode(checkpoint->root.bytes, SHA256_BYTES, root);
	buf_str(out, checkpoint->origin);
	buf_printf(out, "\n%lld\n%s\n", (long long)checkpoint->size, root);
}

bool checkpoint_parse(struct str text, struct checkpoint *out)
{
	struct str rest = text, size, root, extension;
	uint64_t number;
	size_t count;

	if (!next_line(&rest, &out->origin) || out->origin.len == 0 || !next_line(&rest, &size) ||
		!next_line(&rest, &root))
		return false;
	if (!num_parse_u64(size, &number) || number > INT64_MAX ||
		(size.len > 1 && size.ptr[0] == '0'))
		return false;
	out->size = (int64_t)number;
	if (!base64_decode(root.ptr, root.len, out->root.bytes, SHA256_BYTES, &count) ||
		count != SHA256_BYTES)
		return false;
	while (next_line(&rest, &extension)) {
		if (extension.len == 0)
			return false;
	}
	return rest.len == 0;
}

bool checkpoint_of_note(struct str note, struct checkpoint *out)
{
	struct str text, signatures;

	return split(note, &text, &signatures) && checkpoint_parse(text, out);
}
