"""Tasks: run, start, stop, describe, protect, and execute commands in."""
