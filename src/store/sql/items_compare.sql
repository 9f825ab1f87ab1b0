-- (uuid) -> int8, uuid
SELECT count(*), min(coalesce(i.item_id, v.item_id)::text COLLATE "C")::uuid
FROM (
	SELECT item_id, revision, first_revision, source, external_id, status, stream, kind, team
	FROM winnow.items
	WHERE workspace_id = $1) i
FULL JOIN (
	SELECT DISTINCT ON (item_id) item_id, revision, first_revision, source, external_id, status,
		stream, kind, team
	FROM winnow.item_versions
	WHERE workspace_id = $1
	ORDER BY item_id DESC, revision DESC) v ON v.item_id = i.item_id
WHERE (i.item_id, i.revision, i.first_revision, i.source, i.external_id, i.status, i.stream, i.kind,
	i.team) IS DISTINCT FROM (v.item_id, v.revision, v.first_revision, v.source, v.external_id,
	v.status, v.stream, v.kind, v.team)
