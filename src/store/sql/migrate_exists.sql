-- () -> bool
SELECT to_regclass('winnow.migrations') IS NOT NULL
