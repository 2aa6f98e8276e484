"""A task's life: its launch, the start of its containers, its readiness, its draining and its end."""
