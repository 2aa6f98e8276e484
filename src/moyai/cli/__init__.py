"""The command ``moyai``."""
