-- () -> ()
-- Channels belong to a database, so one name does for every Winnow.
LISTEN winnow_revisions
