"""Protocols between the core and the shell. Nothing here does anything."""
