"""What the tests share: a database, a daemon, a client that checks every answer against the contract."""
