"""Compiles the world into the mesh IR, from which the proxies are configured. Pure: no clock, no socket."""
