-- (uuid, int8, int8) -> int8, uuid, uuid, int8, text, text
SELECT revision, workspace_id, token_id, revision, actor_kind, person
FROM winnow.token_actors
WHERE workspace_id = $1 AND revision BETWEEN $2 AND $3
ORDER BY revision
