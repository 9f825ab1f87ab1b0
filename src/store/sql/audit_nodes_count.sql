-- (uuid, int4) -> int8
-- They are stored from the left, without gaps.
SELECT coalesce(max(place) + 1, 0)
FROM winnow.audit_nodes
WHERE workspace_id = $1 AND level = $2
