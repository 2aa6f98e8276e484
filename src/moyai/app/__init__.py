"""Configuration, wiring and the process itself: the only package that chooses adapters."""
