-- (uuid, int4, int8, int8) -> int8, bytea
SELECT place, hash
FROM winnow.audit_nodes
WHERE workspace_id = $1 AND level = $2 AND place >= $3 AND place < $4
ORDER BY place
