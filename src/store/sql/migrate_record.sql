-- (int4, text, bytea) -> ()
INSERT INTO winnow.migrations (version, name, sha256) VALUES ($1, $2, $3)
