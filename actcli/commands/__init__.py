"""One file a subcommand: arguments, one call, a result."""
