"""The `labelferry` command line: a table of commands, whose modules are imported only when used."""
