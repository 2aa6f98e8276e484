"""Decides the next steps of a stack's operation, from its records alone, and what an update of it would change."""
