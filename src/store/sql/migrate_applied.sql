-- () -> int4, text, bytea
SELECT version, name, sha256 FROM winnow.migrations ORDER BY version
