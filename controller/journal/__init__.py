"""What happened, durable and hash-chained: one writer thread, one connection, one file; control never waits for it."""
