"""``moyai proxy`` and ``moyai explain``: what a task's proxy does, and why."""
