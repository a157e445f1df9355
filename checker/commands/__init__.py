"""One file for each command: parsed arguments in, exit code out."""
