-- (text) -> text, bool, bool, bool
-- Ourselves, and of the application's role: whether it is there, whether it is above row level
-- security, whether it is the owner (or has the owner's rights).
SELECT current_user::text, r.oid IS NOT NULL, coalesce(r.rolsuper OR r.rolbypassrls, false),
	coalesce(pg_catalog.pg_has_role(r.oid, current_user, 'MEMBER'), false)
FROM (SELECT $1::text AS name) want
LEFT JOIN pg_catalog.pg_roles r ON r.rolname = want.name
