/*
 * Cursors: base64url of a truncated HMAC-SHA-256 (RFC 2104 §5 allows half) and the payload. The
 * key is the workspace's salt, so every daemon of a deployment can open what another one made;
 * what the code covers binds it to the workspace, the route and the filters. It is no permission:
 * each page is authorized anew.
 */
#include "base/sha256.h"
#include "http/http.h"

enum { MAC_BYTES = 16, PAYLOAD_MAX_BYTES = 1024 };

static bool make_mac(const struct request *request, struct str query, struct str payload,
	unsigned char mac[MAC_BYTES])
{
	struct str path = str_from(request->route->path);
	struct buf covered = BUF_INIT;
	struct sha256 full;
	bool ok;

	buf_append(&covered, request->workspace.id.bytes, sizeof request->workspace.id.bytes);
	buf_be32(&covered, (uint32_t)path.len);
	buf_str(&covered, path);
	buf_be32(&covered, (uint32_t)query.len);
	buf_str(&covered, query);
	buf_str(&covered, payload);
	ok = !covered.failed && hmac_sha256(request->workspace.salt, sizeof request->workspace.salt,
					covered.data, covered.len, &full);
	buf_release(&covered);
	if (ok)
		memcpy(mac, full.bytes, MAC_BYTES);
	return ok;
}

char *cursor_make(struct request *request, struct str query, struct str payload)
{
	size_t raw_bytes = MAC_BYTES + payload.len;
	unsigned char *raw;
	char *text;

	if (payload.len > PAYLOAD_MAX_BYTES)
		return NULL;
	raw = arena_alloc(&request->arena, raw_bytes);
	text = arena_alloc(&request->arena, 4 * ((raw_bytes + 2) / 3) + 1);
	if (!raw || !text || !make_mac(request, query, payload, raw))
		return NULL;
	if (payload.len > 0)
		memcpy(raw + MAC_BYTES, payload.ptr, payload.len);
	base64url_encode(raw, raw_bytes, text);
	return text;
}

static bool same_mac(const unsigned char *a, const unsigned char *b)
{
	unsigned char differs = 0;

	for (size_t i = 0; i < MAC_BYTES; i++)
		differs |= a[i] ^ b[i];
	return differs == 0;
}

enum error cursor_open(
	struct request *request, struct str query, struct str cursor, struct str *payload)
{
	size_t room = MAC_BYTES + PAYLOAD_MAX_BYTES;
	unsigned char mac[MAC_BYTES];
	unsigned char *raw;
	size_t bytes;

	if (cursor.len == 0 || cursor.len > 4 * ((room + 2) / 3))
		return ERR_BAD_CURSOR;
	raw = arena_alloc(&request->arena, room);
	if (!raw)
		return ERR_BUDGET;
	if (!base64url_decode(cursor.ptr, cursor.len, raw, room, &bytes) || bytes < MAC_BYTES)
		return ERR_BAD_CURSOR;
	*payload = (struct str){(const char *)raw + MAC_BYTES, bytes - MAC_BYTES};
	if (!make_mac(request, query, *payload, mac))
		return ERR_NO_MEMORY;
	return same_mac(raw, mac) ? ERR_OK : ERR_BAD_CURSOR;
}
