"""``moyai exec``: commands in running containers."""
