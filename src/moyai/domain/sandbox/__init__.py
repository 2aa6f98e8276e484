"""What a runtime is told to run, and what it sees running."""
