"""Protocols between the core and its adapters, with the values and errors that they exchange."""
