"""Keepers of the world: peers of the one port ``ports.store``, held to one contract suite."""
