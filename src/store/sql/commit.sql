-- () -> ()
COMMIT
