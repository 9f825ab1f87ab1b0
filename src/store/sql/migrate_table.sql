-- () -> ()
CREATE TABLE IF NOT EXISTS winnow.migrations (
	version int4 PRIMARY KEY CHECK (version >= 1),
	name text NOT NULL,
	sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
	applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
