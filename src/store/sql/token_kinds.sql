-- (uuid[]) -> uuid, text
SELECT token_id, actor_kind
FROM winnow.token_actors
WHERE token_id = ANY ($1)
