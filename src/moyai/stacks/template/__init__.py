"""Parses a template: its text, its sections and their expressions, before anything is evaluated."""
