"""One small file a command. Nothing heavy is imported before it is needed: `--help` must be there at once."""
