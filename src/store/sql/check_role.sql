-- () -> text, text, bool, bool, text, bool, bool
-- Role, server encoding, superuser, BYPASSRLS, an owner of winnow's tables whose rights the role
-- has (NULL: none), whether the schema is there, whether its table of migrations may be read.
SELECT r.rolname::text, pg_catalog.current_setting('server_encoding'), r.rolsuper, r.rolbypassrls,
	(SELECT min(o.rolname::text)
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	JOIN pg_catalog.pg_roles o ON o.oid IN (c.relowner, n.nspowner)
	WHERE n.nspname = 'winnow' AND pg_catalog.pg_has_role(r.oid, o.oid, 'MEMBER')),
	m.oid IS NOT NULL,
	coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
		AND pg_catalog.has_table_privilege(m.oid, 'SELECT'), false)
FROM pg_catalog.pg_roles r
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'winnow'
LEFT JOIN pg_catalog.pg_class m ON m.relnamespace = n.oid AND m.relname = 'migrations'
WHERE r.rolname = current_user
