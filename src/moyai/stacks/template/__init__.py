"""A template as it is written: its text, its expressions, its sections."""
