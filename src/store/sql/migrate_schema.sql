-- () -> ()
CREATE SCHEMA IF NOT EXISTS winnow
