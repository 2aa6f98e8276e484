"""``moyai exec``: a command inside a container, with this terminal or these pipes."""
