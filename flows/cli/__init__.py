"""The `labelferry` command line: a table of commands, each a module imported when asked for."""
