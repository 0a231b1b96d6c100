"""The `labelferry` command line: a table of commands, each a module imported when it is asked for."""
