"""Configuration, wiring and the process itself: the only place that names an adapter."""
