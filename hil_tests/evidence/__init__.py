"""What was run in full, when, on what machine, and what came of it."""
