-- () -> ()
ROLLBACK
