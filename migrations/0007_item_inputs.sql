-- What the newest version of an item was made of, so that the same line posted again is known to
-- change nothing without being read (docs/adr/0015-known-lines.md). The first 16 bytes of a SHA-256
-- over the line and whatever else decides how it is read; in a uuid, since that has no header. NULL:
-- not known, for whatever was not made by a line alone (a PATCH, another way in). Derived like the
-- rest of the table. Who erases a text empties this as well, so that the line is read anew.
ALTER TABLE winnow.items ADD COLUMN input_digest uuid;
