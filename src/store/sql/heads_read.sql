-- (uuid[]) -> int8
-- In the order asked; -1 where there is none.
SELECT coalesce(h.revision, -1)
FROM unnest($1::uuid[]) WITH ORDINALITY AS want(workspace_id, place)
LEFT JOIN winnow.workspace_heads h ON h.workspace_id = want.workspace_id
ORDER BY want.place
