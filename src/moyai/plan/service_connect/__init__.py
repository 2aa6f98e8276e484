"""Service Connect: the names that services offer and can call, and their changes as services come and go."""
