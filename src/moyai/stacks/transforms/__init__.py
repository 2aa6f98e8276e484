"""The transforms of a template that moyai runs itself, on its plain values."""
