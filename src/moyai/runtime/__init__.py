"""Places that run tasks: peers of one port."""
